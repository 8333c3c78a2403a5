import type { PayloadOf } from '@bus/contracts';

/** Which of the provider's approved templates a text is written in. */
export type SmsTemplate = 'order_paid' | 'payment_reminder';

/** One text message: as a person reads it, and as the variables of a provider's template. */
export interface SmsText {
  template: SmsTemplate;
  content: string;
  variables: Record<string, string>;
}

/** Tells the customer that the payment has come in. */
export function orderPaidText(order: PayloadOf<'order.paid'>): SmsText {
  const amount = (order.amountCents / 100).toFixed(2);
  return {
    template: 'order_paid',
    content: `Your payment of $${amount} for order ${order.orderId} has come in. Thank you.`,
    variables: { order: order.orderId, amount },
  };
}

/** Reminds the customer of an order that still waits for its payment. */
export function paymentReminderText(order: PayloadOf<'order.payment-timeout'>): SmsText {
  return {
    template: 'payment_reminder',
    content: `Your order ${order.orderId} still waits for its payment.`,
    variables: { order: order.orderId },
  };
}
