import { EVENT_SCHEMAS } from '../event-map';

const PAID = {
  orderId: '1001',
  userId: 'user-7',
  amountCents: 9_900,
  timeoutMessageId: 'order-1001-timeout',
};

/** Paths of the faults. */
const faultsIn = (type: keyof typeof EVENT_SCHEMAS, payload: unknown): string[] =>
  EVENT_SCHEMAS[type].safeParse(payload).error?.issues.map(({ path }) => path.join('/')) ?? [];

describe('EVENT_SCHEMAS', () => {
  it.each<[keyof typeof EVENT_SCHEMAS, object]>([
    ['order.created', { orderId: '1001', userId: 'user-7' }],
    ['order.created', { orderId: '1001', userId: 'user-7', amountCents: 0 }],
    ['order.paid', PAID],
    ['order.paid', { ...PAID, timeoutMessageId: undefined }],
    ['order.payment-timeout', { orderId: '1001', userId: 'user-7' }],
    ['order.paid', { ...PAID, newField: 'of a newer publisher' }],
  ])('take %s %j', (type, payload) => {
    expect(faultsIn(type, payload)).toEqual([]);
  });

  it.each<[keyof typeof EVENT_SCHEMAS, string, object]>([
    ['order.created', 'orderId', { orderId: '', userId: 'user-7' }],
    ['order.created', 'userId', { orderId: '1001' }],
    ['order.paid', 'amountCents', { ...PAID, amountCents: 99.5 }],
    ['order.paid', 'amountCents', { ...PAID, amountCents: -1 }],
    ['order.paid', 'amountCents', { ...PAID, amountCents: '9900' }],
    ['order.paid', 'orderId', { ...PAID, orderId: 'x'.repeat(129) }],
    ['order.paid', 'timeoutMessageId', { ...PAID, timeoutMessageId: '' }],
    ['order.payment-timeout', 'userId', { orderId: '1001', userId: 7 }],
  ])('do not take %s with a fault in %s', (type, path, payload) => {
    expect(faultsIn(type, payload)).toEqual([path]);
  });
});
