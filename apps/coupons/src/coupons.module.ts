import { ConsumerModule } from '@bus/consumer-kit';
import { Module, type DynamicModule } from '@nestjs/common';
import { CouponRepository } from './coupon.repository';
import type { CouponsConfig } from './coupons.config';
import { ISSUE_COUPON_EVENTS, IssueCoupon, TEMPLATE_ID } from './issue-coupon.handler';

/** The coupons service: templates with stock behind `coupons.issue`. */
@Module({})
export class CouponsModule {
  static of({ templateId }: Pick<CouponsConfig, 'templateId'>): DynamicModule {
    return {
      module: CouponsModule,
      imports: [
        ConsumerModule.register({
          service: 'coupons',
          version: '0.1.0',
          operations: { 'coupons.issue': ISSUE_COUPON_EVENTS },
          handlers: [IssueCoupon],
          providers: [CouponRepository, { provide: TEMPLATE_ID, useValue: templateId }],
        }),
      ],
    };
  }
}
