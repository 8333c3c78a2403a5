import type { PoolClient } from 'pg';
import type { StartedExecution } from '../../event-inbox';
import { plainArray } from '../array-literal';
import { destinationsOf, placingSql, placingValues } from './placing-sql';
import { planRows, startedExecutions, type PlacedEvent } from './planned-rows';

/**
 * Places the executions of stored events, in log order, inside the caller's transaction. Comes after everything that
 * could be refused: lanes are locked once, in order, after all identities.
 */
export async function placeEvents(
  client: PoolClient,
  running: readonly PlacedEvent[],
  dispatcherId: number,
): Promise<StartedExecution[]> {
  const rows = planRows(running);
  const destinations = destinationsOf(rows);
  if (destinations.length === 0) return [];
  const runs = running.map(() => true);
  const { ctes, laned } = placingSql(destinations, 3);
  const answer = await client.query<{ laned: string | null }>(
    `with state as materialized (select $1::uuid[] as event_ids, $2::boolean[] as runs)${ctes}
     select ${laned} as laned where $3::int is not null`,
    [
      plainArray(running.map((row) => row.event.eventId)),
      plainArray(runs),
      ...placingValues(destinations, rows, dispatcherId),
    ],
  );
  return startedExecutions(running, rows, runs, answer.rows[0].laned?.split(',').map(Number) ?? []);
}
