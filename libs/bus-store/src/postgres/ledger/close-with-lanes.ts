import type { PoolClient } from 'pg';
import type { AttemptEnd, ClaimedExecution, DispatchContext } from '../../execution-ledger';
import { type CloseAnswer, closeStatement, type ClosedEnd } from './close-statement';
import { dependentRows } from './dependent-rows';
import { laneKeyOf } from './lane-key';
import { lockLanes } from './lock-lanes';
import { releaseAfter } from './release-after';

export interface ClosedWithLanes {
  closed: ClosedEnd[];
  /** Start now; inputs are not loaded yet. */
  started: ClaimedExecution[];
  dueNow: boolean;
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
  const { query, applied } = closeStatement(ends, (end) => laneKeyOf(end, context));
  const closed = applied((await client.query<CloseAnswer>(query)).rows);
  const over = closed.flatMap((row) => {
    const end = ends[row.index];
    if (!end) throw new RangeError(`close answered row ${row.index} of ${ends.length}`);
    if (row.cause === null && end.after.kind === 'again') return [];
    return [{ end, died: row.cause !== null }];
  });
  const rows = await dependentRows(
    client,
    over.map(({ end }) => end),
    context,
    lanes,
  );
  const moves = await releaseAfter(client, { over, rows, lanes }, context, taken);
  return { closed, started: moves.started, dueNow: moves.dueNow };
}
