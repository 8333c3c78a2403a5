import type { PublishRequest } from '@bus/contracts';

export const SOURCE = 'bench';
export const TYPE = 'bench.ordered';
export const OPERATIONS = ['bench.noop-1', 'bench.noop-2', 'bench.noop-3', 'bench.noop-4'] as const;

/** An order of about 450 bytes as JSON; the peers get the same. */
export function benchEvent(id: number, over: Partial<PublishRequest> = {}): PublishRequest {
  return {
    source: SOURCE,
    messageId: `order-${id}`,
    type: TYPE,
    key: `user-${id % 1000}`,
    payload: {
      orderId: `order-${id}`,
      userId: `user-${id % 1000}`,
      amountCents: 1000 + (id % 90_000),
      currency: 'CNY',
      items: [
        { sku: `sku-${id % 500}`, count: 1, priceCents: 500 },
        { sku: `sku-${(id * 7) % 500}`, count: 2, priceCents: 250 },
      ],
      note: 'Leave the parcel with the neighbours on the second floor, and ring twice.',
    },
    ...over,
  };
}
