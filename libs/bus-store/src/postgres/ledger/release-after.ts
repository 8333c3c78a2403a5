import { ATTEMPT_OUTCOMES } from '@bus/contracts';
import { releaseWaiting, type DependentRow, type EndedOperation } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { DispatchContext } from '../../execution-ledger';
import { toDependent, type WaitingRow } from './dependent-rows';
import { laneName, leaseOf, operationOf } from './lane-key';
import type { EndedExecution, LockedLane } from './lock-lanes';
import { MoveList } from './move-list';
import { NEXT_IN_LANE } from './release-statements';

/** What has ended, with everything locked that may move because of it. */
export interface EndedWithLanes {
  over: readonly { end: EndedExecution; died: boolean }[];
  /** Of their dependents, direct or not. */
  rows: readonly DependentRow[];
  /** By `laneName`. */
  lanes: ReadonlyMap<string, LockedLane>;
  /** Lanes that their head leaves although it did not end now. Default none. */
  left?: readonly LockedLane[];
}

/**
 * What follows executions that have ended in this transaction: dependents lose a reason to wait, the next of each
 * freed lane becomes its head; what has no reason left is placed. Looks, decides, moves.
 * @param taken slots reserved here are noted in it, so that the caller can give them back when the commit fails
 * @throws TransactionAgain to be run again
 */
export async function releaseAfter(
  client: PoolClient,
  { over, rows, lanes, left = [] }: EndedWithLanes,
  context: DispatchContext,
  taken: number[],
): Promise<MoveList> {
  const moves = new MoveList(context, taken);
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
  const freed: LockedLane[] = [...left];
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
  return moves;
}

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
