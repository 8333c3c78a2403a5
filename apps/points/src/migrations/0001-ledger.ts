import { createProcessedExecution } from '@bus/consumer-kit';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts, their ledger, and the kit's record of executions. */
export class Ledger1767225600001 implements MigrationInterface {
  readonly name = 'Ledger1767225600001';

  async up(db: QueryRunner): Promise<void> {
    await db.query(createProcessedExecution('points'));
    // Balances are rewritten at every grant: free space in each page keeps those updates heap-only.
    await db.query(`
      CREATE TABLE points.account (
        account_id text NOT NULL,
        balance bigint NOT NULL,
        CONSTRAINT account_pkey PRIMARY KEY (account_id)
      ) WITH (fillfactor = 70)`);
    await db.query(`
      CREATE TABLE points.ledger_entry (
        entry_id bigserial NOT NULL,
        account_id text NOT NULL,
        points bigint NOT NULL,
        execution_id uuid NOT NULL,
        message_id text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT ledger_entry_pkey PRIMARY KEY (entry_id),
        CONSTRAINT ledger_entry_execution_key UNIQUE (execution_id)
      )`);
    await db.query('CREATE INDEX ledger_entry_account_idx ON points.ledger_entry (account_id, entry_id)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE points.ledger_entry, points.account, points.processed_execution');
  }
}
