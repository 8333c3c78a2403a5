import { judgeReplay, pendingOnReplay } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { NotControlled, ReplayOutcome, ReplayRequest } from '../../execution-control';
import type { ChangeAuthor } from '../../operation-graphs';
import { writeAudit } from '../audit-statement';
import { TransactionAgain } from '../connection.errors';
import { locateExecutions, type LocatedExecution } from './locate-executions';
import { lockEvents } from './lock-events';
import {
  executionName,
  lookAtExecutions,
  type ExecutionName,
  type SeenExecution,
} from './look-at-executions';
import { notControlled } from './not-controlled';
import { HOLD_HOMES, LOCK_LANES, REPLAY } from './replay-statements';

interface Candidate extends LocatedExecution {
  request: ReplayRequest;
}

/**
 * G16, inside the caller's transaction: identities, lanes, the homes of dependencies, then one look, one decision and
 * one guarded statement for all. A few or hundreds take the same number of statements.
 * @param requests each execution once
 * @throws TransactionAgain where something moved that was not locked
 */
export async function replayExecutions(
  client: PoolClient,
  requests: readonly ReplayRequest[],
  author: ChangeAuthor,
): Promise<ReplayOutcome[]> {
  const located = await locateExecutions(client, requests);
  const candidates = located.flatMap((found, index): Candidate[] =>
    typeof found === 'string' ? [] : [{ ...found, request: requests[index] as ReplayRequest }],
  );
  const decided = await decide(client, candidates);
  const replayed = await apply(
    client,
    decided.flatMap(({ candidate, seen, refusal, pending }) =>
      refusal === null ? [{ candidate, seen, pending }] : [],
    ),
  );
  const refusals = new Map(decided.map(({ candidate, refusal }) => [nameOf(candidate), refusal]));
  const outcomes = located.map((found): ReplayOutcome => {
    if (typeof found === 'string') return { outcome: found };
    const name = nameOf(found);
    const outcome = refusals.get(name) ?? replayed.get(name);
    if (!outcome) throw new RangeError(`replay lost sight of ${name}`);
    return outcome;
  });
  for (const [index, outcome] of outcomes.entries()) {
    const { eventId, operation, expectedAttempt, force } = requests[index] as ReplayRequest;
    await writeAudit(client, {
      ...author,
      action: force ? 'execution.replay_forced' : 'execution.replay',
      target: `${eventId}/${operation}`,
      before: { attempt: expectedAttempt },
      after: outcome.outcome === 'replayed' ? outcome : null,
      result: resultOf(outcome),
    });
  }
  return outcomes;
}

interface Decision {
  candidate: Candidate;
  seen: SeenExecution;
  refusal: NotControlled | null;
  pending: number[];
}

async function decide(client: PoolClient, candidates: readonly Candidate[]): Promise<Decision[]> {
  if (candidates.length === 0) return [];
  const events = await lockEvents(
    client,
    candidates.map((one) => one.identity),
  );
  const lanes = await lockLanes(client, candidates);
  const dependencies = candidates.flatMap(({ eventId, graph, operation }) =>
    (graph.dependencies.get(operation.operationId) ?? []).map((operationId) => ({ eventId, operationId })),
  );
  const held = await holdHomes(client, dependencies);
  const own = new Set(candidates.map(nameOf));
  const seen = await lookAtExecutions(client, [
    ...candidates.map((one) => ({ ...idOf(one), laneKey: one.laneKey })),
    ...dependencies.filter((one) => !own.has(executionName(one))).map((one) => ({ ...one, laneKey: null })),
  ]);
  for (const one of dependencies) {
    const home = seen.get(executionName(one))?.home ?? null;
    if (home !== null && held.get(executionName(one)) !== home)
      throw new TransactionAgain('a dependency was moving between its homes');
  }

  const refusalOf = (candidate: Candidate): NotControlled | null => {
    const standing = standingOf(candidate, seen);
    if (standing.heads && candidate.laneKey !== null && !lanes.has(laneOf(candidate)))
      throw new TransactionAgain('an execution headed a lane that was made meanwhile');
    const cancelled = events.get(candidate.eventId);
    // Pruned: nobody remembers it any more, and nothing is left that two people could meet at.
    if (cancelled === undefined) return { outcome: 'refused', why: 'too_old' };
    return notControlled(
      { ...standing, cancelled },
      judgeReplay({ ...standing, cancelled }, candidate.request),
    );
  };
  const refusals = candidates.map(refusalOf);
  const replayed = new Set(candidates.filter((_, index) => refusals[index] === null).map(nameOf));
  return candidates.map((candidate, index) => {
    const { eventId, graph, operation } = candidate;
    const of = (graph.dependencies.get(operation.operationId) ?? []).map((operationId) => {
      const name = executionName({ eventId, operationId });
      return { operationId, home: seen.get(name)?.home ?? null, replayed: replayed.has(name) };
    });
    return {
      candidate,
      seen: standingOf(candidate, seen),
      refusal: refusals[index] ?? null,
      pending: pendingOnReplay(operation, of),
    };
  });
}

async function apply(
  client: PoolClient,
  replays: readonly Omit<Decision, 'refusal'>[],
): Promise<Map<string, ReplayOutcome>> {
  if (replays.length === 0) return new Map();
  const column = <T>(value: (one: Omit<Decision, 'refusal'>) => T): T[] => replays.map(value);
  const dead = column(({ seen }) => seen.home === 'dead_letter');
  const { rows } = await client.query<{
    event_id: string;
    operation_id: number;
    due_at: Date;
    runs: number | null;
    gone: number;
  }>(
    REPLAY([
      column(({ candidate }) => candidate.eventId),
      column(({ candidate }) => candidate.operation.operationId),
      column(({ seen }) => seen.attempt),
      column(({ candidate }) => candidate.laneKey),
      column(({ pending }) => `{${pending.join(',')}}`),
      column(({ candidate }) => candidate.operation.delayMs),
      dead,
      column(({ candidate }) => candidate.request.force),
      column(({ seen }) => seen.heads),
    ]),
  );
  const expected = dead.filter(Boolean).length;
  if (rows[0]?.gone !== expected)
    throw new TransactionAgain(`${expected} dead letters were to go, ${rows[0]?.gone ?? 0} went`);
  const rowOf = new Map(
    rows.map((row) => [executionName({ eventId: row.event_id, operationId: row.operation_id }), row]),
  );
  return new Map(
    replays.map(({ candidate, seen, pending }) => {
      const row = rowOf.get(nameOf(candidate));
      if (!row) throw new RangeError(`${nameOf(candidate)} was not made due`);
      return [
        nameOf(candidate),
        {
          outcome: 'replayed',
          dueAt: row.due_at,
          pending: pending.map((id) => candidate.graph.byId.get(id)?.name ?? `operation-${id}`),
          forcedRuns: row.runs ?? seen.forcedRuns,
        },
      ];
    }),
  );
}

async function lockLanes(client: PoolClient, candidates: readonly Candidate[]): Promise<Set<string>> {
  const ordered = candidates.filter((one) => one.laneKey !== null);
  if (ordered.length === 0) return new Set();
  const wanted = [...new Map(ordered.map((one) => [laneOf(one), one])).values()];
  const { rows } = await client.query<{ operation_id: number; key: string }>(
    LOCK_LANES([wanted.map((one) => one.operation.operationId), wanted.map((one) => one.laneKey)]),
  );
  return new Set(rows.map((row) => `${row.operation_id}/${row.key}`));
}

/** @returns `executionName` → the home that is held */
async function holdHomes(
  client: PoolClient,
  dependencies: readonly ExecutionName[],
): Promise<Map<string, string>> {
  const held = new Map<string, string>();
  if (dependencies.length === 0) return held;
  const values = [dependencies.map((one) => one.eventId), dependencies.map((one) => one.operationId)];
  for (const { home, query } of HOLD_HOMES) {
    const { rows } = await client.query<{ event_id: string; operation_id: number }>(query(values));
    for (const row of rows)
      held.set(executionName({ eventId: row.event_id, operationId: row.operation_id }), home);
  }
  return held;
}

function standingOf(candidate: Candidate, seen: ReadonlyMap<string, SeenExecution>): SeenExecution {
  const found = seen.get(nameOf(candidate));
  if (!found) throw new RangeError(`the look left out ${nameOf(candidate)}`);
  return found;
}

function resultOf(outcome: ReplayOutcome): string {
  if (outcome.outcome === 'replayed') return `replayed, forced runs ${outcome.forcedRuns}`;
  return `refused: ${outcome.outcome === 'refused' ? outcome.why : outcome.outcome}`;
}

const idOf = (one: LocatedExecution): ExecutionName => ({
  eventId: one.eventId,
  operationId: one.operation.operationId,
});
const nameOf = (one: LocatedExecution): string => executionName(idOf(one));
const laneOf = (one: LocatedExecution): string => `${one.operation.operationId}/${one.laneKey ?? ''}`;
