import { orderPaidMessage } from './order-paid-message';

const order = { orderId: '1001', userId: 'user-7', amountCents: 9905 };
const expiresAt = '2027-01-31T12:00:00.000Z';

describe(orderPaidMessage.name, () => {
  it('names the order, the amount and the coupon with its end', () => {
    const coupon = { code: '7K3M-9QXT-2HVB', discountCents: 500, expiresAt };
    expect(orderPaidMessage(order, coupon)).toEqual({
      content: 'Your order 1001 of $99.05 is paid. Coupon 7K3M-9QXT-2HVB: $5.00 off until 2027-01-31.',
      values: { order: '1001', amount: '99.05', coupon: '7K3M-9QXT-2HVB' },
    });
  });

  it('says a discount in percent where the coupon has one', () => {
    const coupon = { code: 'A', discountPercent: 15, expiresAt };
    expect(orderPaidMessage(order, coupon).content).toContain('Coupon A: 15 % off until 2027-01-31.');
  });

  it('goes without a coupon where none was issued', () => {
    expect(orderPaidMessage(order, null)).toEqual({
      content: 'Your order 1001 of $99.05 is paid.',
      values: { order: '1001', amount: '99.05', coupon: '-' },
    });
  });
});
