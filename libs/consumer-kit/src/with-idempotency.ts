import { rejected, retry, type OperationRequest, type OperationResult } from '@bus/contracts';
import type { EntityManager } from 'typeorm';
import { completeExecution, findExecution, insertExecution, repeatedResult } from './processed-executions';
import { OUTPUT_REASONS, outputFault } from './reply-limits';
import { deadlinePassed } from './request-deadline';

/** SQLSTATE → why the whole transaction is tried again. */
const AGAIN: Record<string, string> = {
  '55P03': 'locked',
  '40P01': 'deadlock',
  '40001': 'serialization_failure',
};

/** Carries a result through the rollback of its transaction. */
class RolledBack extends Error {
  constructor(readonly result: OperationResult) {
    super('rolled back');
  }
}

/**
 * Applies a transactional effect once per execution. The executionId is inserted in the same transaction as what
 * `fn` writes, and the unique key decides, between attempts and between processes.
 *
 * - Done before: the stored output, `duplicate: true`; `fn` is not called. The same id with other content:
 *   `rejected` `content_mismatch`.
 * - Another attempt holds it for more than 3 s, or PostgreSQL reports a deadlock: `retry`.
 * - Only `completed` is recorded. On `retry` and `rejected`, or when `fn` throws, all that `fn` wrote is rolled back,
 *   so a later attempt runs it again.
 *
 * @param manager of the app's data source; within a transaction of the caller's a savepoint is used, and the caller
 *   must commit what was `completed` @param fn writes through the manager it is given, and only so
 * @throws what `fn` throws, apart from lock timeouts and deadlocks
 */
export async function withIdempotency(
  manager: EntityManager,
  request: OperationRequest,
  fn: (manager: EntityManager) => Promise<OperationResult>,
): Promise<OperationResult> {
  try {
    return await manager.transaction((transaction) => applyOnce(transaction, request, fn));
  } catch (error) {
    if (error instanceof RolledBack) return error.result;
    const code = AGAIN[sqlState(error) ?? ''];
    if (!code) throw error;
    return retry({ code, reason: 'another transaction holds what this one needs' });
  }
}

async function applyOnce(
  transaction: EntityManager,
  request: OperationRequest,
  fn: (manager: EntityManager) => Promise<OperationResult>,
): Promise<OperationResult> {
  // Twice, since waiting counts: for a connection, then for another attempt.
  refuseLate(request);
  if (!(await insertExecution(transaction, request, false))) {
    const recorded = await findExecution(transaction, request.executionId);
    if (recorded && !recorded.pending) return repeatedResult(request, recorded);
    return retry({ code: 'in_progress', reason: 'another attempt of this execution has not ended' });
  }
  refuseLate(request);
  const result = await fn(transaction);
  if (result?.status !== 'completed') throw new RolledBack(result);
  const fault = outputFault(result.output);
  if (fault) throw new RolledBack(rejected({ code: fault, reason: OUTPUT_REASONS[fault] }));
  if (result.output !== undefined) await completeExecution(transaction, request.executionId, result.output);
  return result;
}

function refuseLate(request: OperationRequest): void {
  if (!deadlinePassed(request)) return;
  throw new RolledBack(retry({ code: 'deadline_passed', reason: 'the time of this attempt had passed' }));
}

/** The SQLSTATE of a failed query. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { driverError?: { code?: unknown } } | null)?.driverError?.code;
  return typeof code === 'string' ? code : undefined;
}
