import { randomBytes } from 'node:crypto';
import { readPayload, withIdempotency } from '@bus/consumer-kit';
import {
  completed,
  OperationConsumer,
  OperationHandler,
  orderPaid,
  rejected,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { COUPON_CODE_BYTES, couponCode } from './coupon-code';
import { CouponRepository, type IssuedCoupon, type IssueOutcome } from './coupon.repository';

/** What `coupons.issue` handles. */
export const ISSUE_COUPON_EVENTS = { 'order.paid': orderPaid };

/** Injects the id of the template that paid orders get a coupon of. */
export const TEMPLATE_ID = Symbol('coupons template id');

/** Issues a coupon for a paid order. Which orders get one is the operation's `filter`. */
@Injectable()
@OperationConsumer('coupons.issue')
export class IssueCoupon extends OperationHandler<'order.paid'> {
  constructor(
    private readonly dataSource: DataSource,
    private readonly coupons: CouponRepository,
    @Inject(TEMPLATE_ID) private readonly templateId: string,
  ) {
    super();
  }

  /**
   * Output: `{ code, discountCents | discountPercent, expiresAt }`.
   * @returns `rejected` `out_of_stock`, `unknown_template` or `template_expired` where none can be issued
   */
  async execute(request: OperationRequest<'order.paid'>): Promise<OperationResult> {
    const { userId, orderId } = readPayload(request, ISSUE_COUPON_EVENTS);
    return withIdempotency(this.dataSource.manager, request, async (manager) =>
      this.resultOf(
        await this.coupons.issue(manager, {
          templateId: this.templateId,
          owner: userId,
          orderId,
          executionId: request.executionId,
          nextCode: () => couponCode(randomBytes(COUPON_CODE_BYTES)),
        }),
      ),
    );
  }

  private resultOf(issue: IssueOutcome): OperationResult {
    if (issue.outcome === 'issued') return completed(outputOf(issue.coupon));
    const fix = { out_of_stock: 'add stock', unknown_template: 'add it', template_expired: 'extend it' }[
      issue.why
    ];
    const reason = `Coupon template "${this.templateId}": ${issue.why}; ${fix} in coupons.coupon_template and replay.`;
    return rejected({ code: issue.why, reason });
  }
}

/** What dependents get as `inputs['coupons.issue']`. */
function outputOf({ code, discountCents, discountPercent, expiresAt }: IssuedCoupon) {
  const discount = discountCents === null ? { discountPercent } : { discountCents };
  return { code, ...discount, expiresAt: expiresAt.toISOString() };
}
