import { allDependents } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { AttemptEnd, DispatchContext } from '../../execution-ledger';
import { laneName, leaseOf, type LaneRef } from './lane-key';
import { LOCK_LANES } from './release-statements';

/** An execution that ends: by its attempt, or by a person's word. `key`: the event's, ordered or not. */
export type EndedExecution = Pick<AttemptEnd, 'eventId' | 'operationId' | 'graphId' | 'key'>;

export interface LockedLane extends LaneRef {
  headEventId: string;
  /** The dead event that stays its head until a person decides. */
  blockedBy: string | null;
  leaseMs: number;
}

/** Locks the lanes of the ended and of all that depend on them, directly or not. By `laneName`. */
export async function lockLanes(
  client: PoolClient,
  ends: readonly EndedExecution[],
  context: Pick<DispatchContext, 'catalog'>,
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
  const { rows } = await client.query<{
    operation_id: number;
    key: string;
    head_event_id: string;
    blocked_by: string | null;
  }>(LOCK_LANES([refs.map((ref) => ref.operationId), refs.map((ref) => ref.key)]));
  return new Map(
    rows.flatMap((row) => {
      const name = laneName({ operationId: row.operation_id, key: row.key });
      const lane = wanted.get(name);
      return lane
        ? [[name, { ...lane, headEventId: row.head_event_id, blockedBy: row.blocked_by }] as const]
        : [];
    }),
  );
}
