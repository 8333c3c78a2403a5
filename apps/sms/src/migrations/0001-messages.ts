import { createProcessedExecution } from '@bus/consumer-kit';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Recipients, what was sent to them, and the kit's record of executions. */
export class Messages1767225600001 implements MigrationInterface {
  readonly name = 'Messages1767225600001';

  async up(db: QueryRunner): Promise<void> {
    await db.query(createProcessedExecution('sms'));
    await db.query(`
      CREATE TABLE sms.recipient (
        user_id text NOT NULL,
        phone text NOT NULL,
        CONSTRAINT recipient_pkey PRIMARY KEY (user_id)
      )`);
    await db.query(`
      CREATE TABLE sms.sent_message (
        execution_id uuid NOT NULL,
        recipient text NOT NULL,
        content text NOT NULL,
        provider text NOT NULL,
        provider_message_id text NOT NULL,
        sent_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT sent_message_pkey PRIMARY KEY (execution_id)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE sms.sent_message, sms.recipient, sms.processed_execution');
  }
}
