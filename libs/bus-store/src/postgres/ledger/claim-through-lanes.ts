import type { PoolClient } from 'pg';
import type { ClaimRoom, ClaimedExecution } from '../../execution-ledger';
import { CANDIDATES, ENTER_LANES, LOCK_OPERATION, PLACE, STORE_TOKENS, TAKE } from './claim-statements';

export interface ClaimedThroughLanes {
  started: ClaimedExecution[];
  /** There may be more: as many due rows as room, or more retries than their share. */
  more: boolean;
  lowWater: string | null;
}

interface Lane {
  headEventId: string;
  nextPlace: bigint;
  made: boolean;
  changed: boolean;
}

interface Candidate {
  event_id: string;
  due_at: string;
  key: string | null;
  /** Attempted before. */
  again: boolean;
}

interface TakenRow {
  event_id: string;
  attempt: number;
  counted: number;
  key: string | null;
  pending: number[];
}

interface WaitingRow extends TakenRow {
  place: bigint | null;
}

/**
 * TX2 of one rated or ordered operation, inside the caller's transaction: its `operation` row is locked, then the
 * candidates' lanes, then only these candidates are taken. A lane's head keeps its place; the others join the tail.
 */
export async function claimThroughLanes(
  client: PoolClient,
  room: ClaimRoom,
  dispatcherId: number,
): Promise<ClaimedThroughLanes> {
  const { rows: operations } = await client.query<{ active: boolean; tokens: number | null }>(
    LOCK_OPERATION([room.operationId]),
  );
  const { active, tokens } = operations[0] ?? { active: true, tokens: null };
  const limit = tokens === null ? room.free : Math.min(room.free, Math.floor(tokens));
  if (!active) return { started: [], more: false, lowWater: room.lowWater };
  if (limit < 1) return { started: [], more: false, lowWater: room.lowWater };

  const { rows: candidates } = await client.query<Candidate>(
    CANDIDATES([room.operationId, room.lowWater ?? '-infinity', limit, room.retries ?? null]),
  );
  if (candidates.length === 0) return { started: [], more: false, lowWater: room.lowWater };

  const lanes = await enterLanes(client, room.operationId, candidates);
  const { rows } = await client.query<TakenRow>(
    TAKE([room.operationId, candidates.map((row) => row.event_id)]),
  );
  const taken = new Map(rows.map((row) => [row.event_id, row]));
  const started: ClaimedExecution[] = [];
  const waiting: WaitingRow[] = [];
  // A lane made here whose candidate was not got goes to the first one got.
  for (const candidate of candidates) {
    const row = taken.get(candidate.event_id);
    if (!row) continue;
    const lane = row.key === null ? undefined : lanes.get(row.key);
    if (lane?.made && !taken.has(lane.headEventId)) {
      lane.headEventId = row.event_id;
      lane.changed = true;
    }
    const heads = !lane || lane.headEventId === row.event_id;
    if (lane && !heads) {
      waiting.push({ ...row, place: lane.nextPlace++ });
      lane.changed = true;
    } else if (row.pending.length > 0) waiting.push({ ...row, place: null });
    else
      started.push({
        eventId: row.event_id,
        operationId: room.operationId,
        attempt: row.attempt + 1,
        counted: Math.min(row.counted + 1, 32_767),
        inputs: null,
        forcedRuns: 0,
      });
  }
  await place(client, room, dispatcherId, { started, waiting, lanes, taken });
  if (tokens !== null) await client.query(STORE_TOKENS([room.operationId, tokens - started.length]));
  const again = candidates.filter((candidate) => candidate.again);
  const isShareUsed =
    room.retries !== undefined && again.length >= room.retries && again.length < candidates.length;
  return {
    started,
    more: candidates.length >= room.free || isShareUsed,
    // Retries over their share stay: the mark must not pass them.
    lowWater: (isShareUsed ? again : candidates).at(-1)?.due_at ?? room.lowWater,
  };
}

async function enterLanes(
  client: PoolClient,
  operationId: number,
  candidates: readonly { event_id: string; key: string | null }[],
): Promise<Map<string, Lane>> {
  const keyed = candidates.filter((row) => row.key !== null);
  if (keyed.length === 0) return new Map();
  const { rows } = await client.query<{
    key: string;
    head_event_id: string;
    next_place: string;
    made: boolean;
  }>(ENTER_LANES([operationId, keyed.map((row) => row.event_id), keyed.map((row) => row.key)]));
  return new Map(
    rows.map((row) => [
      row.key,
      { headEventId: row.head_event_id, nextPlace: BigInt(row.next_place), made: row.made, changed: false },
    ]),
  );
}

async function place(
  client: PoolClient,
  room: ClaimRoom,
  dispatcherId: number,
  placed: {
    started: readonly ClaimedExecution[];
    waiting: readonly WaitingRow[];
    lanes: ReadonlyMap<string, Lane>;
    taken: ReadonlyMap<string, TakenRow>;
  },
): Promise<void> {
  const { started, waiting, taken } = placed;
  const lanes = [...placed.lanes].map(([key, lane]) => ({ key, ...lane }));
  // Made for a candidate that somebody else took, and nobody of ours joined: no head, no lane.
  const ended = lanes.filter((lane) => lane.made && !taken.has(lane.headEventId));
  const changed = lanes.filter((lane) => lane.changed && !ended.includes(lane));
  if (started.length + waiting.length + ended.length + changed.length === 0) return;
  await client.query(
    PLACE([
      room.operationId,
      dispatcherId,
      room.leaseMs,
      started.map((row) => row.eventId),
      started.map((row) => row.attempt),
      started.map((row) => row.counted),
      waiting.map((row) => row.event_id),
      waiting.map((row) => row.attempt),
      waiting.map((row) => row.counted),
      waiting.map((row) => row.key),
      waiting.map((row) => row.place?.toString() ?? null),
      waiting.map((row) => `{${row.pending.join(',')}}`),
      changed.map((lane) => lane.key),
      changed.map((lane) => lane.headEventId),
      changed.map((lane) => lane.nextPlace.toString()),
      ended.map((lane) => lane.key),
    ]),
  );
}
