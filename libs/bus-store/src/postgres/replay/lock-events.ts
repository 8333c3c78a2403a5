import type { PoolClient } from 'pg';
import { LOCK_IDENTITIES } from './replay-statements';

/**
 * TX5's first lock: the identities, ascending, so that two people on one event never overlap.
 * @returns event id → cancelled; an event whose identity was pruned (90 days after its end) is absent
 */
export async function lockEvents(
  client: PoolClient,
  identities: readonly string[],
): Promise<Map<string, boolean>> {
  const { rows } = await client.query<{ event_id: string | null; cancelled: boolean }>(
    LOCK_IDENTITIES([[...new Set(identities)]]),
  );
  return new Map(rows.flatMap((row) => (row.event_id === null ? [] : [[row.event_id, row.cancelled]])));
}
