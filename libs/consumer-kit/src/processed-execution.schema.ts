import { EntitySchema } from 'typeorm';

/** What a service has done, by executionId: the idempotency table of the kit, in the app's own schema. */
export class ProcessedExecution {
  executionId!: string;
  operation!: string;
  /** The attempt that wrote it last. */
  attempt!: number;
  /** SHA-256 of what the execution is about; the same id with other content is refused. */
  contentHash!: Buffer;
  /** A provider was asked and its answer is not known yet. */
  pending!: boolean;
  /** Of the completed one. */
  output!: unknown;
  recordedAt!: Date;
}

/** Maps `<schema>.processed_execution`; `consumerDataSource` adds it by itself. */
export function processedExecutionSchema(schema: string): EntitySchema<ProcessedExecution> {
  return new EntitySchema<ProcessedExecution>({
    name: 'ProcessedExecution',
    target: ProcessedExecution,
    schema,
    tableName: 'processed_execution',
    columns: {
      executionId: { name: 'execution_id', type: 'uuid', primary: true },
      operation: { type: 'text' },
      attempt: { type: 'integer' },
      contentHash: { name: 'content_hash', type: 'bytea' },
      pending: { type: 'boolean' },
      output: { type: 'json', nullable: true },
      recordedAt: { name: 'recorded_at', type: 'timestamptz', default: () => 'clock_timestamp()' },
    },
    indices: [{ name: 'processed_execution_recorded_at', columns: ['recordedAt'] }],
  });
}

/**
 * DDL for the app's first migration. Rows stay at least 90 days, as long as the bus may replay an execution;
 * the index serves whoever prunes older ones.
 */
export function createProcessedExecution(schema: string): string {
  const table = `"${schema}"."processed_execution"`;
  return `
    create table ${table} (
      execution_id uuid primary key,
      operation text not null,
      attempt integer not null,
      content_hash bytea not null,
      pending boolean not null,
      output json,
      recorded_at timestamptz not null default clock_timestamp());
    create index processed_execution_recorded_at on ${table} (recorded_at);`;
}
