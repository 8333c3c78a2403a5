import { readPayload } from '@bus/consumer-kit';
import {
  OperationConsumer,
  OperationHandler,
  orderPaymentTimeout,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { SmsProvider } from './providers/sms-provider';
import { paymentReminderText } from './sms-texts';

/** What `sms.remind-payment` handles. */
export const REMIND_PAYMENT_EVENTS = { 'order.payment-timeout': orderPaymentTimeout };

/** Reminds the customer by text message of an order that still waits for its payment. */
@Injectable()
@OperationConsumer('sms.remind-payment')
export class RemindPayment extends OperationHandler<'order.payment-timeout'> {
  constructor(private readonly provider: SmsProvider) {
    super();
  }

  async execute(request: OperationRequest<'order.payment-timeout'>): Promise<OperationResult> {
    const order = readPayload(request, REMIND_PAYMENT_EVENTS);
    return this.provider.send(request, order.userId, paymentReminderText(order));
  }
}
