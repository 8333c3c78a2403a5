import { createHash } from 'node:crypto';
import { rejected, type OperationRequest, type OperationResult } from '@bus/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import { ProcessedExecution } from './processed-execution.schema';

/** A recorded execution, as the kit's statements read it. */
export interface Recorded {
  attempt: number;
  content_hash: Buffer;
  pending: boolean;
  output: unknown;
}

type Connection = EntityManager | DataSource;

/**
 * Inserts the execution, unless it is there. Waits for another transaction that is inserting the same id, at most
 * 3 s (then PostgreSQL's 55P03). @returns whether this call inserted it
 */
export async function insertExecution(
  connection: Connection,
  request: OperationRequest,
  pending: boolean,
): Promise<boolean> {
  const rows: unknown[] = await connection.query(
    `insert into ${tableOf(connection)} (execution_id, operation, attempt, content_hash, pending)
     select $1, $2, $3, $4, $5 from (select set_config('lock_timeout', '3s', true)) as waits
     on conflict (execution_id) do nothing returning 1`,
    [request.executionId, request.operation, request.attempt, contentHash(request), pending],
  );
  return rows.length > 0;
}

export async function findExecution(connection: Connection, executionId: string): Promise<Recorded | null> {
  const rows: Recorded[] = await connection.query(
    `select attempt, content_hash, pending, output from ${tableOf(connection)} where execution_id = $1`,
    [executionId],
  );
  return rows[0] ?? null;
}

/** Notes that it is done. */
export async function completeExecution(
  connection: Connection,
  executionId: string,
  output: unknown,
): Promise<void> {
  await connection.query(
    `update ${tableOf(connection)} set pending = false, output = $2, recorded_at = clock_timestamp()
      where execution_id = $1`,
    [executionId, output === undefined ? null : JSON.stringify(output)],
  );
}

/** The answer for an execution that is there already and not pending. */
export function repeatedResult(request: OperationRequest, recorded: Recorded): OperationResult {
  if (!contentHash(request).equals(recorded.content_hash)) return mismatch();
  const output = recorded.output;
  return { status: 'completed', duplicate: true, ...(output === null ? {} : { output }) };
}

export function mismatch(): OperationResult {
  return rejected({
    code: 'content_mismatch',
    reason: 'this executionId was used before with other content; nothing was done',
  });
}

export function sameContent(request: OperationRequest, recorded: Recorded): boolean {
  return contentHash(request).equals(recorded.content_hash);
}

/**
 * SHA-256 over what the execution is about. Without attempt and deadline, which change, and without `inputs`:
 * they are outputs of other executions.
 */
export function contentHash(request: OperationRequest): Buffer {
  const { source, messageId, type, key, payload } = request.event;
  const content = JSON.stringify([request.operation, source, messageId, type, key, payload ?? null]);
  return createHash('sha256').update(content).digest();
}

/** The quoted name of the app's table. @throws Error that names the fix */
export function tableOf(connection: Connection): string {
  const source = 'connection' in connection ? connection.connection : connection;
  if (!source.hasMetadata(ProcessedExecution)) {
    throw new Error('no table processed_execution; make the DataSource with consumerDataSource');
  }
  const { schema, tableName } = source.getMetadata(ProcessedExecution);
  return schema ? `"${schema}"."${tableName}"` : `"${tableName}"`;
}
