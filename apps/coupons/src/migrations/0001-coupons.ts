import { createProcessedExecution } from '@bus/consumer-kit';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Templates with their stock, issued coupons, the kit's record of executions, and the shipped template. */
export class Coupons1767225600001 implements MigrationInterface {
  readonly name = 'Coupons1767225600001';

  async up(db: QueryRunner): Promise<void> {
    await db.query(createProcessedExecution('coupons'));
    // The stock is rewritten at every issue: no index on it and much free space, so that it stays heap-only.
    await db.query(`
      CREATE TABLE coupons.coupon_template (
        template_id text NOT NULL,
        name text NOT NULL,
        discount_cents integer,
        discount_percent smallint,
        stock integer NOT NULL,
        expires_after_days integer NOT NULL,
        valid_until timestamptz,
        CONSTRAINT coupon_template_pkey PRIMARY KEY (template_id),
        CONSTRAINT coupon_template_discount CHECK (num_nonnulls(discount_cents, discount_percent) = 1),
        CONSTRAINT coupon_template_percent CHECK (discount_percent BETWEEN 1 AND 100),
        CONSTRAINT coupon_template_cents CHECK (discount_cents > 0),
        CONSTRAINT coupon_template_stock CHECK (stock >= 0),
        CONSTRAINT coupon_template_expiry CHECK (expires_after_days > 0)
      ) WITH (fillfactor = 10)`);
    await db.query(`
      CREATE TABLE coupons.coupon (
        code text NOT NULL,
        template text NOT NULL,
        owner text NOT NULL,
        order_id text NOT NULL,
        issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL,
        execution_id uuid NOT NULL,
        CONSTRAINT coupon_pkey PRIMARY KEY (code),
        CONSTRAINT coupon_execution_key UNIQUE (execution_id),
        CONSTRAINT coupon_template_fkey FOREIGN KEY (template) REFERENCES coupons.coupon_template (template_id)
      )`);
    await db.query('CREATE INDEX coupon_owner_idx ON coupons.coupon (owner)');
    await db.query(`
      INSERT INTO coupons.coupon_template
        (template_id, name, discount_cents, stock, expires_after_days)
      VALUES ('thank-you', '5.00 off the next order', 500, 1000000, 90)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE coupons.coupon, coupons.coupon_template, coupons.processed_execution');
  }
}
