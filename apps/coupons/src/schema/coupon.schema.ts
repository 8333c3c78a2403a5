import { EntitySchema } from 'typeorm';

/** One issued coupon. */
export interface Coupon {
  /** What the customer types in: `7K3M-9QXT-2HVB`. */
  code: string;
  /** Its `coupon_template.template_id`. */
  template: string;
  /** The customer's user id. */
  owner: string;
  /** The order that it was issued for. */
  orderId: string;
  /** By the database's clock. */
  issuedAt: Date;
  expiresAt: Date;
  /** The execution that issued it: a second coupon for it is impossible. */
  executionId: string;
}

export const CouponSchema = new EntitySchema<Coupon>({
  name: 'coupon',
  schema: 'coupons',
  columns: {
    code: { type: 'text', primary: true, primaryKeyConstraintName: 'coupon_pkey' },
    template: {
      type: 'text',
      foreignKey: {
        target: 'coupon_template',
        inverseSide: 'templateId',
        name: 'coupon_template_fkey',
      },
    },
    owner: { type: 'text' },
    orderId: { name: 'order_id', type: 'text' },
    issuedAt: { name: 'issued_at', type: 'timestamptz', default: () => 'clock_timestamp()' },
    expiresAt: { name: 'expires_at', type: 'timestamptz' },
    executionId: { name: 'execution_id', type: 'uuid' },
  },
  uniques: [{ name: 'coupon_execution_key', columns: ['executionId'] }],
  indices: [{ name: 'coupon_owner_idx', columns: ['owner'] }],
});
