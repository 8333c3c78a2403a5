import { EntitySchema } from 'typeorm';

/** A kind of coupon and how many are left. Exactly one of the two discounts is set. */
export interface CouponTemplate {
  templateId: string;
  /** For people. */
  name: string;
  /** Off the next order, in cents. */
  discountCents: number | null;
  /** Off the next order, 1 to 100. */
  discountPercent: number | null;
  /** Coupons left to issue, ≥ 0. */
  stock: number;
  /** Days from issue until a coupon expires. */
  expiresAfterDays: number;
  /** Nothing is issued from then on; `null`: no end. */
  validUntil: Date | null;
}

export const CouponTemplateSchema = new EntitySchema<CouponTemplate>({
  name: 'coupon_template',
  schema: 'coupons',
  columns: {
    templateId: {
      name: 'template_id',
      type: 'text',
      primary: true,
      primaryKeyConstraintName: 'coupon_template_pkey',
    },
    name: { type: 'text' },
    discountCents: { name: 'discount_cents', type: 'integer', nullable: true },
    discountPercent: { name: 'discount_percent', type: 'smallint', nullable: true },
    stock: { type: 'integer' },
    expiresAfterDays: { name: 'expires_after_days', type: 'integer' },
    validUntil: { name: 'valid_until', type: 'timestamptz', nullable: true },
  },
  checks: [
    { name: 'coupon_template_discount', expression: 'num_nonnulls(discount_cents, discount_percent) = 1' },
    { name: 'coupon_template_percent', expression: 'discount_percent BETWEEN 1 AND 100' },
    { name: 'coupon_template_cents', expression: 'discount_cents > 0' },
    { name: 'coupon_template_stock', expression: 'stock >= 0' },
    { name: 'coupon_template_expiry', expression: 'expires_after_days > 0' },
  ],
});
