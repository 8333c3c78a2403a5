import { consumerDataSource } from '@bus/consumer-kit';
import type { DataSource } from 'typeorm';
import { MIGRATIONS } from './migrations';
import { AccountSchema } from './schema/account.schema';
import { LedgerEntrySchema } from './schema/ledger-entry.schema';

/** PostgreSQL as this app sees it: its own schema and migrations. Not connected yet. */
export function pointsDataSource(database: { url: string; poolSize: number }): DataSource {
  return consumerDataSource({
    ...database,
    schema: 'points',
    entities: [AccountSchema, LedgerEntrySchema],
    migrations: MIGRATIONS,
  });
}
