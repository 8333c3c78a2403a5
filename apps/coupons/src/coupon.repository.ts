import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

export interface IssueOrder {
  templateId: string;
  owner: string;
  orderId: string;
  executionId: string;
  /** A new code to try at every call. */
  nextCode(): string;
}

export interface IssuedCoupon {
  code: string;
  /** Exactly one of the two is set. */
  discountCents: number | null;
  discountPercent: number | null;
  expiresAt: Date;
}

export type IssueOutcome =
  | { outcome: 'issued'; coupon: IssuedCoupon }
  /** `unknown_template`: no such row. `template_expired`: past its `valid_until`. */
  | { outcome: 'refused'; why: 'out_of_stock' | 'unknown_template' | 'template_expired' };

interface TakenRow {
  discountCents: number | null;
  discountPercent: number | null;
  expiresAt: Date;
  code: string | null;
}

/** Codes tried in one call; collisions are one in 10¹², so a second try already means a broken random source. */
const CODE_TRIES = 5;

/**
 * Takes one from stock and writes the coupon in one statement: the template's row, which all calls share, is locked
 * from here to the commit that follows. `code` comes back null where the code was taken.
 */
const ISSUE = `
WITH taken AS (
  UPDATE coupons.coupon_template SET stock = stock - 1
  WHERE template_id = $1 AND stock > 0 AND (valid_until IS NULL OR valid_until > clock_timestamp())
  RETURNING template_id, discount_cents, discount_percent,
    date_trunc('milliseconds', clock_timestamp()) + make_interval(days => expires_after_days) AS expires_at
), issued AS (
  INSERT INTO coupons.coupon (code, template, owner, order_id, execution_id, expires_at)
  SELECT $2, template_id, $3, $4, $5, expires_at FROM taken
  ON CONFLICT ON CONSTRAINT coupon_pkey DO NOTHING
  RETURNING code
)
SELECT taken.discount_cents AS "discountCents", taken.discount_percent AS "discountPercent",
  taken.expires_at AS "expiresAt", issued.code
FROM taken LEFT JOIN issued ON true`;

/** The stock is taken already; only the code was not free. */
const ISSUE_TAKEN = `
INSERT INTO coupons.coupon (code, template, owner, order_id, execution_id, expires_at)
VALUES ($2, $1, $3, $4, $5, $6)
ON CONFLICT ON CONSTRAINT coupon_pkey DO NOTHING
RETURNING code`;

const WHY_REFUSED = `
SELECT coalesce(valid_until <= clock_timestamp(), false) AS expired
FROM coupons.coupon_template WHERE template_id = $1`;

/** Coupon templates, their stock, and the coupons issued. */
@Injectable()
export class CouponRepository {
  /**
   * Issues one coupon and takes it from the template's stock; a refusal changes nothing.
   * @param manager the transaction that holds the execution's idempotency row
   * @throws QueryFailedError 23505 where the execution has a coupon already (`coupon_execution_key`)
   */
  async issue(manager: EntityManager, order: IssueOrder): Promise<IssueOutcome> {
    const key = [order.templateId, order.nextCode(), order.owner, order.orderId, order.executionId];
    const [taken]: TakenRow[] = await manager.query(ISSUE, key);
    if (!taken) return { outcome: 'refused', why: await this.whyRefused(manager, order.templateId) };
    const code = taken.code ?? (await this.withAnotherCode(manager, order, taken.expiresAt));
    return { outcome: 'issued', coupon: { ...taken, code } };
  }

  private async withAnotherCode(manager: EntityManager, order: IssueOrder, expiresAt: Date): Promise<string> {
    for (let tried = 1; tried < CODE_TRIES; tried++) {
      const key = [order.templateId, order.nextCode(), order.owner, order.orderId, order.executionId];
      const [issued]: { code: string }[] = await manager.query(ISSUE_TAKEN, [...key, expiresAt]);
      if (issued) return issued.code;
    }
    throw new Error(`${CODE_TRIES} coupon codes in a row were taken: check the random source of coupons.`);
  }

  private async whyRefused(manager: EntityManager, templateId: string) {
    const [template]: { expired: boolean }[] = await manager.query(WHY_REFUSED, [templateId]);
    if (!template) return 'unknown_template';
    return template.expired ? 'template_expired' : 'out_of_stock';
  }
}
