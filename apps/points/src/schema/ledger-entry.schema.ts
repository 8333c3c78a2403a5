import { EntitySchema } from 'typeorm';

/** One grant. Append only: entries of an account stand in the order in which they were written. */
export interface LedgerEntry {
  /** Rises in writing order. A bigint as text. */
  entryId: string;
  accountId: string;
  /** Whole points, 0 for an order below one dollar. A bigint as text. */
  points: string;
  /** The execution that wrote it: a second entry for it is impossible. */
  executionId: string;
  /** Of the event that was granted for. */
  messageId: string;
  /** By the database's clock. */
  createdAt: Date;
}

export const LedgerEntrySchema = new EntitySchema<LedgerEntry>({
  name: 'ledger_entry',
  schema: 'points',
  columns: {
    entryId: {
      name: 'entry_id',
      type: 'bigint',
      primary: true,
      generated: 'increment',
      primaryKeyConstraintName: 'ledger_entry_pkey',
    },
    accountId: { name: 'account_id', type: 'text' },
    points: { type: 'bigint' },
    executionId: { name: 'execution_id', type: 'uuid' },
    messageId: { name: 'message_id', type: 'text' },
    createdAt: { name: 'created_at', type: 'timestamptz', default: () => 'clock_timestamp()' },
  },
  uniques: [{ name: 'ledger_entry_execution_key', columns: ['executionId'] }],
  indices: [{ name: 'ledger_entry_account_idx', columns: ['accountId', 'entryId'] }],
});
