import { orderPaidText, paymentReminderText } from './sms-texts';

describe(orderPaidText.name, () => {
  it('names the order and the amount, for people and for the template', () => {
    expect(orderPaidText({ orderId: '1001', userId: 'user-7', amountCents: 9905 })).toEqual({
      template: 'order_paid',
      content: 'Your payment of $99.05 for order 1001 has come in. Thank you.',
      variables: { order: '1001', amount: '99.05' },
    });
  });
});

describe(paymentReminderText.name, () => {
  it('names the order that waits', () => {
    expect(paymentReminderText({ orderId: '1001', userId: 'user-7' })).toEqual({
      template: 'payment_reminder',
      content: 'Your order 1001 still waits for its payment.',
      variables: { order: '1001' },
    });
  });
});
