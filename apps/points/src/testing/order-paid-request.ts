import { randomUUID } from 'node:crypto';
import { CONTRACT_VERSION, type OperationRequest } from '@bus/contracts';

/** A first attempt of `points.grant` for a paid order of $99.00. */
export function orderPaidRequest(over: Partial<OperationRequest> = {}): OperationRequest<'order.paid'> {
  return {
    contract: CONTRACT_VERSION,
    operation: 'points.grant',
    executionId: randomUUID(),
    attempt: 1,
    deadlineMs: 5_000,
    effect: 'at_least_once',
    event: {
      messageId: `order-${randomUUID()}-paid`,
      source: 'payments',
      type: 'order.paid',
      key: 'user-7',
      payload: { orderId: '1001', userId: 'user-7', amountCents: 9_900 },
      occurredAt: '2026-01-31T12:00:00.000Z',
    },
    ...over,
  } as OperationRequest<'order.paid'>;
}
