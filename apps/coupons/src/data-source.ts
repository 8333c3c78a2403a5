import { consumerDataSource } from '@bus/consumer-kit';
import type { DataSource } from 'typeorm';
import { MIGRATIONS } from './migrations';
import { CouponTemplateSchema } from './schema/coupon-template.schema';
import { CouponSchema } from './schema/coupon.schema';

/** PostgreSQL as this app sees it: its own schema and migrations. Not connected yet. */
export function couponsDataSource(database: { url: string; poolSize: number }): DataSource {
  return consumerDataSource({
    ...database,
    schema: 'coupons',
    entities: [CouponTemplateSchema, CouponSchema],
    migrations: MIGRATIONS,
  });
}
