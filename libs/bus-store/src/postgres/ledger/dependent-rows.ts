import { allDependents, type DependentRow } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { DispatchContext } from '../../execution-ledger';
import { TransactionAgain } from '../connection.errors';
import { laneName } from './lane-key';
import type { EndedExecution, LockedLane } from './lock-lanes';
import { LOCK_DUE, LOCK_WAITING } from './release-statements';

export interface WaitingRow {
  event_id: string;
  operation_id: number;
  attempt: number;
  counted: number;
  key: string | null;
  place: string | null;
  pending: number[];
}

/**
 * Locks the rows of all dependents in `due`, then in `waiting`: one that moves meanwhile goes this way.
 * @param own the ended themselves too: of those that a person ends
 * @throws TransactionAgain where one stands in a lane that is not locked
 */
export async function dependentRows(
  client: PoolClient,
  ends: readonly EndedExecution[],
  context: Pick<DispatchContext, 'catalog'>,
  lanes: ReadonlyMap<string, LockedLane>,
  own = false,
): Promise<DependentRow[]> {
  const eventIds: string[] = [];
  const operationIds: number[] = [];
  const asked = new Set<string>();
  for (const end of ends) {
    const dependents = allDependents(context.catalog.graph(end.graphId), end.operationId);
    for (const operationId of own ? [end.operationId, ...dependents] : dependents) {
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

export const toDependent = (row: WaitingRow, home: DependentRow['home']): DependentRow => ({
  eventId: row.event_id,
  operationId: row.operation_id,
  home,
  attempt: row.attempt,
  counted: row.counted,
  laneKey: row.key,
  place: row.place,
  pending: row.pending,
});
