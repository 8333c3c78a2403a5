import { readPayload } from '@bus/consumer-kit';
import {
  OperationConsumer,
  OperationHandler,
  orderPaid,
  rejected,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { issuedCoupon, orderPaidMessage } from './order-paid-message';
import { WechatProvider } from './providers/wechat-provider';

/** What `wechat.notify` handles. */
export const SEND_TEMPLATE_EVENTS = { 'order.paid': orderPaid };

/** The operation whose output the message speaks of. */
const COUPON_INPUT = 'coupons.issue';

/** Tells the customer in WeChat that the order is paid, and which coupon comes with it where there is one. */
@Injectable()
@OperationConsumer('wechat.notify')
export class SendWechatTemplate extends OperationHandler<'order.paid'> {
  constructor(private readonly provider: WechatProvider) {
    super();
  }

  /** @returns `rejected` `invalid_input` where `inputs['coupons.issue']` is not what coupons hands on */
  async execute(request: OperationRequest<'order.paid'>): Promise<OperationResult> {
    const order = readPayload(request, SEND_TEMPLATE_EVENTS);
    const input = request.inputs?.[COUPON_INPUT];
    const coupon = issuedCoupon.nullable().safeParse(input ?? null);
    if (!coupon.success) {
      return rejected({ code: 'invalid_input', reason: `The output of ${COUPON_INPUT} is no coupon.` });
    }
    return this.provider.send(request, order.userId, orderPaidMessage(order, coupon.data));
  }
}
