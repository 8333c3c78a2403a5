import { rejected, retry, type OperationRequest, type OperationResult } from '@bus/contracts';
import type { DataSource } from 'typeorm';
import {
  completeExecution,
  findExecution,
  insertExecution,
  mismatch,
  repeatedResult,
  sameContent,
  tableOf,
  type Recorded,
} from './processed-executions';
import { OUTPUT_REASONS, outputFault } from './reply-limits';
import { deadlinePassed } from './request-deadline';

/**
 * Applies an effect at a provider outside the database. That a call may have been made is committed (`pending`)
 * before it is made, so a crash in between is seen by the next attempt, which goes by `request.effect`:
 *
 * - `at_least_once`: calls again with the same idempotency key (the executionId); a provider that honours it acts once.
 * - `at_most_once`: never again; `rejected` `outcome_unknown`.
 *
 * Only a lower attempt's `pending` is taken over; of the same attempt it means that a call is under way: `retry`
 * `in_progress`. `retry` and `rejected` from `fn` say that the provider did nothing: the record is taken back. An
 * error that `fn` throws, or what is no result, says that nobody knows: `pending` stays.
 *
 * @param fn calls the provider; it must not answer `retry` after a call whose outcome it does not know
 * @throws what `fn` throws
 */
export async function withProviderIdempotency(
  dataSource: DataSource,
  request: OperationRequest,
  fn: (idempotencyKey: string) => Promise<OperationResult>,
): Promise<OperationResult> {
  if (deadlinePassed(request)) return late();
  const isNew = await insertExecution(dataSource, request, true);
  if (!isNew) {
    const answer = await answerForKnown(dataSource, request);
    if (answer) return answer;
  }
  // Waiting for a connection counts too. What was taken over stays `pending`: the attempt before may have called.
  if (deadlinePassed(request)) {
    if (isNew) await forgetPending(dataSource, request);
    return late();
  }
  const result = await fn(request.executionId);
  if (result?.status !== 'completed') {
    if (result?.status === 'retry' || result?.status === 'rejected') await forgetPending(dataSource, request);
    return result;
  }
  const fault = outputFault(result.output);
  // The provider has acted: an output that cannot be stored is left out rather than hiding what was done.
  const told = fault ? { status: 'completed' as const, output: { omitted: OUTPUT_REASONS[fault] } } : result;
  await completeExecution(dataSource, request.executionId, told.output);
  return told;
}

function late(): OperationResult {
  return retry({ code: 'deadline_passed', reason: 'the time of this attempt had passed' });
}

/** `null`: this attempt may call the provider. */
async function answerForKnown(
  dataSource: DataSource,
  request: OperationRequest,
): Promise<OperationResult | null> {
  const recorded = await findExecution(dataSource, request.executionId);
  if (!recorded) return retry({ code: 'in_progress', reason: 'another attempt ended just now' });
  if (!recorded.pending) return repeatedResult(request, recorded);
  if (!sameContent(request, recorded)) return mismatch();
  if (recorded.attempt >= request.attempt) return underWay(recorded, request);
  if (request.effect === 'at_most_once') {
    return rejected({
      code: 'outcome_unknown',
      reason: `attempt ${recorded.attempt} may have reached the provider; it is not asked again`,
    });
  }
  return (await takeOver(dataSource, request)) ? null : underWay(recorded, request);
}

function underWay(recorded: Recorded, request: OperationRequest): OperationResult {
  const later = recorded.attempt > request.attempt;
  return retry({
    code: later ? 'stale_attempt' : 'in_progress',
    reason: later ? 'a later attempt is under way' : 'a call of this attempt is under way',
  });
}

/** Of two attempts that find the same `pending`, one gets it. */
async function takeOver(dataSource: DataSource, request: OperationRequest): Promise<boolean> {
  const [rows] = (await dataSource.query(
    `update ${tableOf(dataSource)} set attempt = $2 where execution_id = $1 and pending and attempt < $2 returning 1`,
    [request.executionId, request.attempt],
  )) as [unknown[]];
  return rows.length > 0;
}

async function forgetPending(dataSource: DataSource, request: OperationRequest): Promise<void> {
  await dataSource.query(
    `delete from ${tableOf(dataSource)} where execution_id = $1 and pending and attempt = $2`,
    [request.executionId, request.attempt],
  );
}
