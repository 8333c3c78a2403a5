import { judgeSkip } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { ExecutionReference, SkipOutcome } from '../../execution-control';
import type { ChangeAuthor } from '../../operation-graphs';
import { writeAudit } from '../audit-statement';
import { TransactionAgain } from '../connection.errors';
import { dependentRows } from '../ledger/dependent-rows';
import { laneName } from '../ledger/lane-key';
import { lockLanes } from '../ledger/lock-lanes';
import { releaseAfter } from '../ledger/release-after';
import { locateExecutions, type LocatedExecution } from './locate-executions';
import { lockEvents } from './lock-events';
import { executionName, lookAtExecutions } from './look-at-executions';
import { notControlled } from './not-controlled';
import { personContext } from './person-context';
import { LEAVE_HOME, SKIP_BY_PERSON } from './replay-statements';

/**
 * TX5, a person ends an execution: identity, lanes, its own and its dependents' rows, a look, then the guarded delete.
 * What follows is as if an attempt had ended.
 * @throws TransactionAgain where something moved that was not locked
 */
export async function skipExecution(
  client: PoolClient,
  asked: ExecutionReference,
  author: ChangeAuthor,
): Promise<SkipOutcome> {
  const [found] = await locateExecutions(client, [asked]);
  const outcome: SkipOutcome =
    found === undefined || typeof found === 'string'
      ? { outcome: found ?? 'not_found' }
      : await skip(client, found, asked, author);
  await writeAudit(client, {
    ...author,
    action: 'execution.skip',
    target: `${asked.eventId}/${asked.operation}`,
    before: { attempt: asked.expectedAttempt },
    after: outcome.outcome === 'skipped' ? outcome : null,
    result:
      outcome.outcome === 'skipped'
        ? `skipped as attempt ${outcome.attempt}`
        : `refused: ${outcome.outcome === 'refused' ? outcome.why : outcome.outcome}`,
  });
  return outcome;
}

async function skip(
  client: PoolClient,
  found: LocatedExecution,
  asked: ExecutionReference,
  author: ChangeAuthor,
): Promise<SkipOutcome> {
  const { eventId, key, laneKey, graph } = found;
  const { operationId } = found.operation;
  const context = personContext(graph);
  const end = { eventId, operationId, graphId: graph.graphId, key };
  const cancelled = (await lockEvents(client, [found.identity])).get(eventId) ?? false;
  const lanes = await lockLanes(client, [end], context);
  const rows = await dependentRows(client, [end], context, lanes, true);

  const seen = (await lookAtExecutions(client, [{ eventId, operationId, laneKey }])).get(executionName(end));
  if (!seen) throw new RangeError(`the look left out ${executionName(end)}`);
  const standing = { ...seen, cancelled };
  const refusal = notControlled(standing, judgeSkip(standing, asked));
  if (refusal) return refusal;
  if (laneKey !== null && seen.heads && !lanes.has(laneName({ operationId, key: laneKey })))
    throw new TransactionAgain('the execution headed a lane that was made meanwhile');
  const own = rows.find((row) => row.operationId === operationId);
  if (seen.home !== 'dead_letter' && own?.home !== seen.home)
    throw new TransactionAgain('the execution was moving between its homes');

  const left = await client.query<{ left: number }>(
    LEAVE_HOME([eventId, operationId, asked.expectedAttempt]),
  );
  if (left.rows[0]?.left !== 1) throw new TransactionAgain('the execution went on this very moment');
  const attempt = asked.expectedAttempt + 1;
  await client.query(SKIP_BY_PERSON([eventId, operationId, attempt, author.reason ?? null]));
  const others = rows.filter((row) => row !== own);
  await releaseAfter(client, { over: [{ end, died: false }], rows: others, lanes }, context, []);
  return { outcome: 'skipped', attempt };
}
