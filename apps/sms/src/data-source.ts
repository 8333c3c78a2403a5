import { consumerDataSource } from '@bus/consumer-kit';
import type { DataSource } from 'typeorm';
import { MIGRATIONS } from './migrations';
import { RecipientSchema } from './schema/recipient.schema';
import { SentMessageSchema } from './schema/sent-message.schema';

/** PostgreSQL as this app sees it: its own schema and migrations. Not connected yet. */
export function smsDataSource(database: { url: string; poolSize: number }): DataSource {
  return consumerDataSource({
    ...database,
    schema: 'sms',
    entities: [RecipientSchema, SentMessageSchema],
    migrations: MIGRATIONS,
  });
}
