import { setTimeout as pause } from 'node:timers/promises';
import { ATTEMPT_OUTCOMES, type ExecutionState } from '@bus/contracts';
import type {
  AttemptFacts,
  EffectFacts,
  Evidence,
  ExecutionFacts,
  PartitionFacts,
  PersonAction,
  QuarantineFacts,
  StoredEvent,
} from '../checker/evidence';
import { SOURCE, contentOf, type CellEvents } from './cell-events';
import type { CrashStage } from './crash-stage';

const LOOK_EVERY_MS = 150;
/** Nothing here is measured against these. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The cell's events, by the key of their identities. $1 messageIds */
const MINE = `
with mine as materialized (
  select i.event_id, i.cancelled_at, m.message_id from unnest($1::text[]) as m(message_id)
    join bus.event_identity i on i.identity = bus.identity_of('${SOURCE}', m.message_id) where i.event_id is not null)`;

/** Where the log ended at a time, and where its reading has to get to. */
export async function logEnds({ ends }: CrashStage): Promise<PartitionFacts[]> {
  const { logId, bounds } = await ends.read();
  return [...bounds].map(([partition, { end }]) => ({ logId, partition, stored: 0, logEnd: Number(end) }));
}

/**
 * Until everything in the log up to `upTo` is stored and no execution of the cell is under way.
 * @returns what is still under way after `withinMs`; `null`: nothing
 */
export async function untilQuiet(
  { stage }: CrashStage,
  { messageIds }: CellEvents,
  upTo: readonly PartitionFacts[],
  { withinMs, signal }: { withinMs: number; signal: AbortSignal },
): Promise<string | null> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    signal.throwIfAborted();
    const behind = (await withStored(stage.pool, upTo)).filter(
      ({ stored, logEnd }) => stored < logEnd,
    ).length;
    const { rows } = await stage.pool.query<{ open: number }>(
      `${MINE} select ((select count(*) from mine join bus.in_flight using (event_id))
        + (select count(*) from mine join bus.due using (event_id))
        + (select count(*) from mine join bus.waiting using (event_id)))::int as open`,
      [messageIds],
    );
    const [{ open }] = rows;
    if (behind === 0 && open === 0) return null;
    if (performance.now() > deadline) return `${open} executions under way, ${behind} partitions not read`;
    await pause(LOOK_EVERY_MS);
  }
}

/** All that is known of a cell's events once it is quiet. */
export async function readEvidence(
  crash: CrashStage,
  events: CellEvents,
  upTo: readonly PartitionFacts[],
  people: PersonAction[] = [],
): Promise<Evidence> {
  const { stage, operations } = crash;
  const { messageIds } = events;
  const ids = [messageIds];
  const [stored, executions, attempts, effects, quarantined, faults, partitions] = await Promise.all([
    stage.pool.query<EventRow>(STORED, ids),
    stage.pool.query<ExecutionRow>(EXECUTIONS, ids),
    stage.pool.query<AttemptRow>(ATTEMPTS, ids),
    stage.effects.query<EffectRow>(EFFECTS, [SOURCE, messageIds]),
    stage.pool.query<QuarantineFacts>(QUARANTINED, [events.cell]),
    stage.pool.query<{ fault: string }>(FAULTS, ids),
    withStored(stage.pool, upTo),
  ]);
  return {
    publishes: events.publishes,
    cancels: events.cancels,
    reschedules: [],
    operations: [...operations.values()].flat().map((settings) => ({ ...settings, recordsEffects: true })),
    events: stored.rows.map(toEvent),
    executions: executions.rows.map(({ message_id: messageId, ...row }): ExecutionFacts => ({
      ...row,
      event: nameOf(messageId),
      explained: null,
    })),
    attempts: attempts.rows.map(({ message_id: messageId, outcome, ...row }): AttemptFacts => ({
      ...row,
      event: nameOf(messageId),
      outcome: ATTEMPT_OUTCOMES[outcome],
      startedMs: null,
    })),
    effects: effects.rows.map(({ message_id: messageId, order, ...row }): EffectFacts => ({
      ...row,
      event: nameOf(messageId),
      order: Number(order),
    })),
    quarantined: quarantined.rows,
    // A log goes on growing by the events of other cells.
    partitions: partitions.map((row) => ({ ...row, stored: Math.min(row.stored, row.logEnd) })),
    reconcileFaults: faults.rows.map(({ fault }) => fault),
    resources: [],
    people,
    injected: {
      quarantine: {},
      lostCommits: false,
      clockErrorMs: 1,
      rssLimitMb: NO_LIMIT,
      connectionLimit: NO_LIMIT,
    },
  };
}

interface Queries {
  query<R extends object>(text: string, values: unknown[]): Promise<{ rows: R[] }>;
}

async function withStored(pool: Queries, upTo: readonly PartitionFacts[]): Promise<PartitionFacts[]> {
  const { rows } = await pool.query<{ partition: number; stored: string }>(
    'select partition, next_offset::text as stored from bus.consumer_offset where log_id = $1',
    [upTo.at(0)?.logId ?? ''],
  );
  const storedOf = new Map(rows.map(({ partition, stored }) => [partition, Number(stored)]));
  return upTo.map((row) => ({ ...row, stored: storedOf.get(row.partition) ?? 0 }));
}

const nameOf = (messageId: string) => `${SOURCE} ${messageId}`;

interface EventRow {
  message_id: string;
  event_id: string;
  type: string;
  key: string | null;
  payload: string;
  deliver_ms: number | null;
  partition: number;
  offset: string;
  cancelled: boolean;
  operations: string[];
}

const STORED = `${MINE}
select e.message_id, e.event_id, e.type, e.key, e.payload, e.broker_partition as partition,
       e.broker_offset::text as offset, (extract(epoch from e.deliver_at) * 1000)::float8 as deliver_ms,
       m.cancelled_at is not null as cancelled,
       array(select o->>'name' from jsonb_array_elements(g.operations) o) as operations
  from mine m join bus.event e using (event_id) left join bus.operation_graph g using (graph_id)`;

function toEvent(row: EventRow): StoredEvent {
  return {
    event: nameOf(row.message_id),
    eventId: row.event_id,
    type: row.type,
    key: row.key,
    content: contentOf(JSON.parse(row.payload)),
    deliverAtMs: row.deliver_ms,
    partition: row.partition,
    offset: Number(row.offset),
    cancelled: row.cancelled,
    operations: row.operations,
  };
}

interface ExecutionRow {
  message_id: string;
  operation: string;
  state: ExecutionState | null;
  homes: ExecutionFacts['homes'];
}

const HOMES = ['in_flight', 'due', 'waiting', 'dead_letter']
  .map(
    (home) =>
      `select '${home}' from bus.${home} h where h.event_id = x.event_id and h.operation_id = x.operation_id`,
  )
  .join(' union all ');
const EXECUTIONS = `${MINE}
select m.message_id, x.operation, x.state, array(${HOMES}) as homes from mine m join bus.execution x using (event_id)`;

interface AttemptRow {
  message_id: string;
  operation: string;
  attempt: number;
  outcome: number;
  endedMs: number;
}

const ATTEMPTS = `${MINE}
select m.message_id, o.name as operation, a.attempt, a.outcome,
       (extract(epoch from a.ended_at) * 1000)::float8 as "endedMs"
  from mine m join bus.attempt a using (event_id) join bus.operation o using (operation_id)`;

interface EffectRow {
  message_id: string;
  executionId: string;
  operation: string;
  attempt: number;
  content: string;
  order: string;
  atMs: number;
}

const EFFECTS = `
select message_id, execution_id as "executionId", operation, attempt, content, "order"::text as "order",
       (extract(epoch from at) * 1000)::float8 as "atMs"
  from proof.effects where source = $1 and message_id = any ($2::text[])`;

/** $1 the cell's name: its keys begin so. */
const QUARANTINED = `
select fault, null as event from bus.quarantine where starts_with(convert_from(key, 'UTF8'), $1 || '.')`;

/** A quiet cell has no lanes left: their keys are its own. Nor two rows of one event. */
const FAULTS = `${MINE}
select 'lane ' || l.key || ' of operation ' || l.operation_id || ' is left, headed by ' || l.head_event_id as fault
  from bus.lane l where l.head_event_id in (select event_id from mine)
union all
select 'event ' || min(e.message_id) || ' is stored ' || count(*) || ' times'
  from bus.event e where e.source = '${SOURCE}' and e.message_id = any ($1::text[])
 group by e.source, e.message_id having count(*) > 1`;
