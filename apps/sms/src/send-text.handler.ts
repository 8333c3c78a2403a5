import { readPayload } from '@bus/consumer-kit';
import {
  OperationConsumer,
  OperationHandler,
  orderPaid,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { SmsProvider } from './providers/sms-provider';
import { orderPaidText } from './sms-texts';

/** What `sms.send` handles. */
export const SEND_TEXT_EVENTS = { 'order.paid': orderPaid };

/** Tells the customer by text message that the payment has come in. */
@Injectable()
@OperationConsumer('sms.send')
export class SendText extends OperationHandler<'order.paid'> {
  constructor(private readonly provider: SmsProvider) {
    super();
  }

  async execute(request: OperationRequest<'order.paid'>): Promise<OperationResult> {
    const order = readPayload(request, SEND_TEXT_EVENTS);
    return this.provider.send(request, order.userId, orderPaidText(order));
  }
}
