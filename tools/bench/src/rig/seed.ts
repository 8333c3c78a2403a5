import { ATTEMPT_OUTCOMES, DEAD_CAUSES } from '@bus/contracts';
import type { Pool } from 'pg';
import { SOURCE, TYPE } from '../bus/bench-events';

/** Where the executions of made-up events are. */
export type SeedState =
  /** Completed: an attempt for each operation. */
  | 'ended'
  /** Due far ahead. */
  | 'pending'
  /** Of the first operation a dead letter, of the others nothing. */
  | 'dead';

export interface Seed {
  state: SeedState;
  count: number;
  /** Of their message ids: `<prefix>-<n>`. */
  prefix: string;
  /** Of executions in `due`; default 30 days. */
  dueInSeconds?: number;
}

const CHUNK = 250_000;
const THIRTY_DAYS = 30 * 24 * 3600;
const PROGRESS_EVERY = 1_000_000;

/**
 * Makes events within the server, with everything that the bus would have written of them: half a million rows a
 * minute go over a connection, several millions this way.
 * @see docs/guarantees.md for the tables' meaning
 */
export async function seed(
  pool: Pool,
  { state, count, prefix, dueInSeconds = THIRTY_DAYS }: Seed,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { graphId, operations } = await graphOf(pool);
  const { rows } = await pool.query<{ ms: string }>(
    `select ((extract(epoch from now()) * 1000)::bigint - 3600000)::text as ms`,
  );
  const firstMs = rows[0]?.ms;
  for (let from = 0; from < count; from += CHUNK) {
    signal.throwIfAborted();
    const to = Math.min(count, from + CHUNK);
    await pool.query(EVENTS, [from, to - 1, prefix, firstMs, SOURCE, TYPE, graphId]);
    if (state === 'ended')
      await pool.query(ATTEMPTS, [
        from,
        to - 1,
        prefix,
        firstMs,
        operations,
        ATTEMPT_OUTCOMES.indexOf('completed'),
      ]);
    if (state === 'pending') await pool.query(DUE, [from, to - 1, prefix, firstMs, operations, dueInSeconds]);
    if (state === 'dead')
      await pool.query(DEAD, [from, to - 1, prefix, firstMs, operations[0], DEAD_CAUSES.indexOf('rejected')]);
    if (to % PROGRESS_EVERY === 0 || to === count) progress(`${to} of ${count} events made (${state})`);
  }
  await pool.query('analyze');
}

async function graphOf(pool: Pool): Promise<{ graphId: number; operations: number[] }> {
  const { rows: graphs } = await pool.query<{ graph_id: number }>(
    `select graph_id from bus.operation_graph where event_type = $1 and state = 'active'`,
    [TYPE],
  );
  const { rows } = await pool.query<{ operation_id: number }>(
    'select operation_id from bus.operation where event_type = $1 order by name',
    [TYPE],
  );
  const graphId = graphs[0]?.graph_id;
  if (graphId === undefined) throw new Error('activate the graph before events are made');
  return { graphId, operations: rows.map((row) => row.operation_id) };
}

/** The n-th event's id: a UUIDv7 of some minutes ago, ten of them a millisecond (RFC 9562, 5.7). */
const EVENT_ID = (n: string, prefix: string) => `(
  lpad(to_hex($4::bigint + ${n} / 10), 12, '0') || '7' ||
  lpad(to_hex(${n} % 4096), 3, '0') || '8' ||
  substr(md5(${prefix} || ${n}), 1, 15))::uuid`;

const EVENTS = `
  with made as (
    select n, $3::text || '-' || n as message_id, ${EVENT_ID('n', '$3::text')} as event_id
      from generate_series($1::bigint, $2::bigint) n),
  known as (
    insert into bus.event_identity (identity, event_id, content_hash, prune_after)
    select bus.identity_of($5, message_id), event_id, sha256(convert_to(message_id, 'UTF8')), current_date + 90 from made)
  insert into bus.event (event_id, source, message_id, type, key, payload, occurred_at, graph_id, broker_partition, broker_offset)
  select event_id, $5, message_id, $6, 'user-' || n % 1000,
         '{"orderId":"' || message_id || '","note":"' || repeat('Leave the parcel. ', 20) || '"}',
         now(), $7::integer, 0, -1 - n from made`;

const ROWS = `from generate_series($1::bigint, $2::bigint) n`;

const ATTEMPTS = `
  insert into bus.attempt_group (event_id, operation_id, attempt, outcome, duration_ms, dispatcher_id)
  select ${EVENT_ID('n', '$3::text')}, operation_id, 1, $6::smallint, 1, 1
    ${ROWS} cross join unnest($5::integer[]) operation_id`;

const DUE = `
  insert into bus.due (operation_id, due_at, event_id, attempt, counted) -- a key is there for lanes alone
  select operation_id, now() + $6::integer * interval '1 s' + n * interval '1 ms', ${EVENT_ID('n', '$3::text')}, 0, 0
    ${ROWS} cross join unnest($5::integer[]) operation_id`;

const DEAD = `
  insert into bus.dead_letter (event_id, operation_id, attempt, cause, code)
  select ${EVENT_ID('n', '$3::text')}, $5::integer, 1, $6::smallint, 'bench' ${ROWS}`;
