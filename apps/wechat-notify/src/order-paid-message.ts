import { z } from 'zod';
import type { PayloadOf } from '@bus/contracts';

/** What `coupons.issue` hands on. */
export const issuedCoupon = z.object({
  code: z.string().min(1).max(32),
  discountCents: z.number().int().positive().optional(),
  discountPercent: z.number().int().min(1).max(100).optional(),
  /** RFC 3339. */
  expiresAt: z.iso.datetime(),
});
export type IssuedCoupon = z.infer<typeof issuedCoupon>;

/** One message: as a person reads it, and as the values of a template's fields. */
export interface WechatMessage {
  content: string;
  values: { order: string; amount: string; coupon: string };
}

/** Tells the customer that the order is paid and, where there is one, which coupon comes with it. */
export function orderPaidMessage(order: PayloadOf<'order.paid'>, coupon: IssuedCoupon | null): WechatMessage {
  const amount = inDollars(order.amountCents);
  const paid = `Your order ${order.orderId} of $${amount} is paid.`;
  return {
    content: coupon ? `${paid} Coupon ${coupon.code}: ${discount(coupon)} until ${day(coupon)}.` : paid,
    values: { order: order.orderId, amount, coupon: coupon?.code ?? '-' },
  };
}

function inDollars(cents: number): string {
  return (cents / 100).toFixed(2);
}

function discount(coupon: IssuedCoupon): string {
  if (coupon.discountPercent !== undefined) return `${coupon.discountPercent} % off`;
  return coupon.discountCents === undefined ? 'valid' : `$${inDollars(coupon.discountCents)} off`;
}

/** The day in UTC: the first ten characters of RFC 3339. */
function day(coupon: IssuedCoupon): string {
  return coupon.expiresAt.slice(0, 10);
}
