import { ATTEMPT_OUTCOMES } from '@bus/contracts';
import { allDependents, releaseWaiting, type DependentRow, type EndedOperation } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { AttemptEnd, ClaimedExecution, DispatchContext } from '../../execution-ledger';
import { CLOSE, closeValues, type ClosedRow } from './close-statement';
import { laneKeyOf, laneName, leaseOf, operationOf, type LaneRef } from './lane-key';
import { TransactionAgain } from '../connection.errors';
import { MoveList } from './move-list';
import { LOCK_DUE, LOCK_LANES, LOCK_WAITING, NEXT_IN_LANE } from './release-statements';

export interface ClosedWithLanes {
  closed: ClosedRow[];
  /** Start now; inputs are not loaded yet. */
  started: ClaimedExecution[];
  dueNow: boolean;
}

interface LockedLane extends LaneRef {
  headEventId: string;
  leaseMs: number;
}

interface WaitingRow {
  event_id: string;
  operation_id: number;
  attempt: number;
  counted: number;
  key: string | null;
  place: string | null;
  pending: number[];
}

/**
 * TX3 where lanes or dependents are concerned, inside the caller's transaction: lock the lanes, close, then look at
 * dependents and at the next of each freed lane, decide, move.
 * @param taken slots reserved here are noted in it, so that the caller can give them back when the commit fails
 * @throws TransactionAgain to be run again
 */
export async function closeWithLanes(
  client: PoolClient,
  ends: readonly AttemptEnd[],
  context: DispatchContext,
  taken: number[],
): Promise<ClosedWithLanes> {
  const lanes = await lockLanes(client, ends, context);
  const closed = (await client.query<ClosedRow>(CLOSE(closeValues(ends, (end) => laneKeyOf(end, context)))))
    .rows;
  const over = closed.flatMap((row) => {
    const end = ends[row.index];
    if (!end) throw new RangeError(`close answered row ${row.index} of ${ends.length}`);
    if (row.cause === null && end.after.kind === 'again') return [];
    return [{ end, died: row.cause !== null }];
  });

  const moves = new MoveList(context, taken);
  const rows = await dependentRows(
    client,
    over.map(({ end }) => end),
    context,
    lanes,
  );
  const graphIdOf = new Map(over.map(({ end }) => [end.eventId, end.graphId]));
  const graphOf = (eventId: string) => context.catalog.graph(graphIdOf.get(eventId) ?? -1);
  const releases = releaseWaiting(
    over.map(({ end, died }): EndedOperation => ({
      eventId: end.eventId,
      operationId: end.operationId,
      end: died ? 'dead' : 'satisfied',
    })),
    rows,
    graphOf,
  );
  for (const release of releases) {
    const operation = graphOf(release.row.eventId).byId.get(release.row.operationId);
    moves.release(release, operation ? leaseOf(operation) : 0);
  }

  // Lanes whose head ended, by its own end or because it was skipped.
  const freed: LockedLane[] = [];
  for (const { end, died } of over) {
    const lane = lanes.get(laneName({ operationId: end.operationId, key: end.key ?? '' }));
    if (!lane || lane.headEventId !== end.eventId) continue;
    if (died && operationOf(context, end).onDead === 'block') moves.blockLane(lane, end.eventId);
    else freed.push(lane);
  }
  for (const row of moves.skippedHeads()) {
    const lane = lanes.get(laneName({ operationId: row.operationId, key: row.laneKey ?? '' }));
    if (lane && lane.headEventId === row.eventId) freed.push(lane);
  }
  await promote(client, freed, moves);
  await moves.apply(client, ATTEMPT_OUTCOMES.indexOf('skipped'));
  return { closed, started: moves.started, dueNow: moves.dueNow };
}

/** Locks the lanes of the closed and of all that depend on them, directly or not. */
async function lockLanes(
  client: PoolClient,
  ends: readonly AttemptEnd[],
  context: DispatchContext,
): Promise<Map<string, LockedLane>> {
  const wanted = new Map<string, LaneRef & { leaseMs: number }>();
  for (const end of ends) {
    if (end.key === null) continue;
    const graph = context.catalog.graph(end.graphId);
    for (const operationId of [end.operationId, ...allDependents(graph, end.operationId)]) {
      const operation = graph.byId.get(operationId);
      if (!operation?.ordered) continue;
      const lane = { operationId, key: end.key, leaseMs: leaseOf(operation) };
      wanted.set(laneName(lane), lane);
    }
  }
  if (wanted.size === 0) return new Map();
  const refs = [...wanted.values()];
  const { rows } = await client.query<{ operation_id: number; key: string; head_event_id: string }>(
    LOCK_LANES([refs.map((ref) => ref.operationId), refs.map((ref) => ref.key)]),
  );
  return new Map(
    rows.flatMap((row) => {
      const name = laneName({ operationId: row.operation_id, key: row.key });
      const lane = wanted.get(name);
      return lane ? [[name, { ...lane, headEventId: row.head_event_id }] as const] : [];
    }),
  );
}

/** Rows of all dependents in `due`, then in `waiting`: one that moves meanwhile goes this way. */
async function dependentRows(
  client: PoolClient,
  ends: readonly AttemptEnd[],
  context: DispatchContext,
  lanes: ReadonlyMap<string, LockedLane>,
): Promise<DependentRow[]> {
  const eventIds: string[] = [];
  const operationIds: number[] = [];
  const asked = new Set<string>();
  for (const end of ends) {
    for (const operationId of allDependents(context.catalog.graph(end.graphId), end.operationId)) {
      const name = `${end.eventId}/${operationId}`;
      if (asked.has(name)) continue;
      asked.add(name);
      eventIds.push(end.eventId);
      operationIds.push(operationId);
    }
  }
  if (eventIds.length === 0) return [];
  const values = [eventIds, operationIds];
  const due = (await client.query<WaitingRow>(LOCK_DUE(values))).rows;
  const waiting = (await client.query<WaitingRow>(LOCK_WAITING(values))).rows;
  for (const row of waiting) {
    if (row.key !== null && !lanes.has(laneName({ operationId: row.operation_id, key: row.key })))
      throw new TransactionAgain('a dependent joined a lane that was made after the lanes were locked');
  }
  return [...due.map((row) => toDependent(row, 'due')), ...waiting.map((row) => toDependent(row, 'waiting'))];
}

const toDependent = (row: WaitingRow, home: DependentRow['home']): DependentRow => ({
  eventId: row.event_id,
  operationId: row.operation_id,
  home,
  attempt: row.attempt,
  counted: row.counted,
  laneKey: row.key,
  place: row.place,
  pending: row.pending,
});

/** The lowest place of each freed lane becomes its head; a lane without one ends. */
async function promote(client: PoolClient, freed: readonly LockedLane[], moves: MoveList): Promise<void> {
  if (freed.length === 0) return;
  const leaving = moves.skippedInLanes();
  const { rows } = await client.query<WaitingRow & { key: string }>(
    NEXT_IN_LANE([
      freed.map((lane) => lane.operationId),
      freed.map((lane) => lane.key),
      leaving.map((row) => row.eventId),
      leaving.map((row) => row.operationId),
    ]),
  );
  const nextOf = new Map(
    rows.map((row) => [
      laneName({ operationId: row.operation_id, key: row.key }),
      toDependent(row, 'waiting'),
    ]),
  );
  for (const lane of freed) {
    const next = nextOf.get(laneName(lane));
    if (next) moves.promote(lane, next, lane.leaseMs);
    else moves.endLane(lane);
  }
}
