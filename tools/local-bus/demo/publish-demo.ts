import { randomInt } from 'node:crypto';
import type { EventPublisher, EventReference, PublishReceipt } from '@bus/contracts';

const PAYMENT_WITHIN_MS = 30 * 60 * 1000;
/** Without 0, O, 1 and I: read aloud, they are the same. */
const LETTERS = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

/** An order of the demo: new at each start, so that it can be told any number of times on the same data. */
export interface DemoOrder {
  orderId: string;
  userId: string;
  amountCents: number;
  created: EventReference;
  timeout: EventReference;
  paid: EventReference;
}

/** @param random like `crypto.randomInt`: a whole number from 0 up to, not including, its argument */
export function newOrder(random: (below: number) => number = randomInt): DemoOrder {
  const orderId = Array.from({ length: 6 }, () => LETTERS[random(LETTERS.length)]).join('');
  return {
    orderId,
    userId: `user-${orderId.toLowerCase()}`,
    amountCents: 9_900,
    created: { source: 'orders', messageId: `order-${orderId}-created` },
    timeout: { source: 'orders', messageId: `order-${orderId}-timeout` },
    paid: { source: 'payments', messageId: `order-${orderId}-paid` },
  };
}

/** The order service says that an order was placed. */
export function publishCreated(publisher: EventPublisher, order: DemoOrder): Promise<PublishReceipt> {
  const { orderId, userId, amountCents } = order;
  return publisher.publish({
    ...order.created,
    type: 'order.created',
    key: userId,
    payload: { orderId, userId, amountCents },
  });
}

/** The order service asks to be heard again in 30 minutes, in case nobody pays. */
export function publishTimeout(publisher: EventPublisher, order: DemoOrder): Promise<PublishReceipt> {
  const { orderId, userId } = order;
  return publisher.publish({
    ...order.timeout,
    type: 'order.payment-timeout',
    key: userId,
    payload: { orderId, userId },
    delayMs: PAYMENT_WITHIN_MS,
  });
}

/** The payment service says that the order is paid; it knows nothing of who reacts. */
export function publishPaid(publisher: EventPublisher, order: DemoOrder): Promise<PublishReceipt> {
  const { orderId, userId, amountCents } = order;
  return publisher.publish({
    ...order.paid,
    type: 'order.paid',
    key: userId,
    payload: { orderId, userId, amountCents, timeoutMessageId: order.timeout.messageId },
  });
}
