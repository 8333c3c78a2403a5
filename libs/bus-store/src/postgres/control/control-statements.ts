import { ATTEMPT_OUTCOMES } from '@bus/contracts';
import { named } from '../connection';
import { keyIs } from '../key-lookup';
import { PRUNE_AFTER } from '../inbox/record-sql';

const SKIPPED = ATTEMPT_OUTCOMES.indexOf('skipped');
/** Untouched (docs/guarantees.md): every attempt row of the execution in `home` says skipped. */
const untouched = (home: string) =>
  `not exists (select from bus.attempt a where a.event_id = ${home}.event_id
     and a.operation_id = ${home}.operation_id and a.outcome <> ${SKIPPED})`;
/** A started attempt: in flight, or ended other than by a skip. It stays so for ever. */
const STARTED = `(exists (select from bus.in_flight where event_id = $1)
   or exists (select from bus.attempt where event_id = $1 and outcome <> ${SKIPPED}))`;

/** $1 identity. Primary key of event_identity. */
export const LOCK_IDENTITY = named(
  'control.lock_identity',
  `select event_id, cancelled_at is not null as cancelled from bus.event_identity where identity = $1 for update`,
);

/** What is known before the event has arrived. $1 identity · $2 cancelled · $3 deliver_at */
export const PLACEHOLDER = named(
  'control.placeholder',
  `insert into bus.event_identity (identity, cancelled_at, deliver_at, prune_after)
   values ($1, case when $2 then clock_timestamp() end, $3, ${PRUNE_AFTER})
   on conflict (identity) do nothing`,
);

/** $1 identity */
export const SET_CANCELLED = named(
  'control.set_cancelled',
  `update bus.event_identity set cancelled_at = clock_timestamp() where identity = $1`,
);

/** $1 identity · $2 deliver_at */
export const SET_PLACEHOLDER_TIME = named(
  'control.set_placeholder_time',
  `update bus.event_identity set deliver_at = $2 where identity = $1`,
);

/** The event, its ordered operations, and whether anything has started. No row: pruned. $1 event id */
export const LOAD_EVENT = named(
  'control.load_event',
  `select e.key, array(select (o->>'operationId')::int from jsonb_array_elements(g.operations) o
                        where (o->>'ordered')::boolean) as ordered,
          ${STARTED} as started
     from bus.event e left join bus.operation_graph g on g.graph_id = e.graph_id
    where e.event_id = $1`,
);

/** $1 operation ids · $2 key. Lane's primary key, ascending. */
export const LOCK_LANES = named(
  'control.lock_lanes',
  `select operation_id from bus.lane where operation_id = any ($1::int[]) and key = $2
    order by operation_id for update`,
);

/** $1 event id. Index on due (event_id, operation_id), ascending. */
export const TAKE_DUE = named(
  'control.take_due',
  `with mine as materialized (
     select d.event_id, d.operation_id from bus.due d where d.event_id = $1 and ${untouched('d')}
      order by d.operation_id for update of d)
   delete from bus.due d using mine m where d.event_id = m.event_id and d.operation_id = m.operation_id
   returning d.operation_id, d.attempt, d.counted, d.key, d.pending`,
);

/** $1 event id. Primary key of waiting, ascending. */
export const TAKE_WAITING = named(
  'control.take_waiting',
  `with mine as materialized (
     select w.event_id, w.operation_id from bus.waiting w where w.event_id = $1 and ${untouched('w')}
      order by w.operation_id for update of w)
   delete from bus.waiting w using mine m where w.event_id = m.event_id and w.operation_id = m.operation_id
   returning w.operation_id, w.attempt, w.counted, w.key, w.pending`,
);

/**
 * The look after the deletes, in a statement of its own: one snapshot of all homes. `moving`: an untouched row that
 * was on its way between homes. `heads`: lanes that the event heads. $1 event id · $2 ordered operation ids · $3 key
 */
export const LOOK = named(
  'control.look',
  `select ${STARTED} as started,
     exists (select from bus.due d where d.event_id = $1 and ${untouched('d')})
       or exists (select from bus.waiting w where w.event_id = $1 and ${untouched('w')}) as moving,
     exists (select from bus.due where event_id = $1) or exists (select from bus.waiting where event_id = $1)
       or exists (select from bus.dead_letter where event_id = $1) as homes,
     array(select operation_id from bus.lane
            where operation_id = any ($2::int[]) and key = $3 and head_event_id = $1) as heads`,
);

/**
 * The lowest place of each lane becomes its head: due at once where nothing is pending, else it goes on waiting
 * without a place. A lane without a next one ends. The lanes are locked by an earlier statement, and whoever touches
 * the row of an ordered execution holds its lane. $1 operation ids · $2 key
 */
export const PROMOTE = named(
  'control.promote',
  `with next as materialized (
     select l.operation_id, l.key, w.event_id, w.attempt, w.counted, w.pending
       from bus.lane l left join lateral (
         select * from bus.waiting w
          where w.operation_id = l.operation_id and w.key = l.key and w.place is not null
          order by w.place limit 1) w on true
      where l.operation_id = any ($1::int[]) and l.key = $2),
   ended as (
     delete from bus.lane l using next n
      where ${keyIs('l.operation_id', 'n.operation_id')} and l.key = n.key and n.event_id is null),
   headed as (
     update bus.lane l set head_event_id = n.event_id from next n
      where ${keyIs('l.operation_id', 'n.operation_id')} and l.key = n.key and n.event_id is not null),
   now_due as (
     insert into bus.due (operation_id, due_at, event_id, attempt, counted, key)
     select operation_id, clock_timestamp(), event_id, attempt, counted, key from next where pending = '{}'),
   gone as (
     delete from bus.waiting w using next n
      where ${keyIs('w.event_id', 'n.event_id')} and ${keyIs('w.operation_id', 'n.operation_id')} and n.pending = '{}')
   update bus.waiting w set place = null from next n
    where ${keyIs('w.event_id', 'n.event_id')} and ${keyIs('w.operation_id', 'n.operation_id')} and n.pending <> '{}'`,
);

/**
 * A new time for what was taken: the event's, plus each operation's own delay, never before now.
 * $1 event id · $2 time · $3–$7 operation id, attempt, counted, key, pending
 */
export const DUE_AGAIN = named(
  'control.due_again',
  `with timed as (update bus.event set deliver_at = $2 where event_id = $1)
   insert into bus.due (operation_id, due_at, event_id, attempt, counted, key, pending)
   select x.operation_id,
          greatest($2::timestamptz + coalesce((o.settings->>'delayMs')::bigint, 0) * interval '1 ms',
                   clock_timestamp()),
          $1, x.attempt, x.counted, x.key, x.pending::int[]
     from unnest($3::int[], $4::int[], $5::smallint[], $6::text[], $7::text[])
            as x(operation_id, attempt, counted, key, pending)
     left join bus.operation o on o.operation_id = x.operation_id
    order by x.operation_id`,
);

/** $1 event id */
export const EXECUTIONS = named(
  'control.executions',
  `select operation, state, attempt from bus.execution where event_id = $1 order by operation_id`,
);

/** An identity and its event, as far as they are there. $1 identity */
export const READ_EVENT = named(
  'control.read_event',
  `select i.event_id, i.cancelled_at, i.deliver_at as placeholder_time, e.event_id is not null as stored,
          e.type, e.key, e.payload, e.occurred_at, e.deliver_at, e.stored_at, e.graph_id
     from bus.event_identity i left join bus.event e on e.event_id = i.event_id
    where i.identity = $1`,
);

/** $1 event id */
export const READ_ATTEMPTS = named(
  'control.read_attempts',
  `select coalesce(o.name, a.operation_id::text) as operation, a.attempt, a.outcome, a.code, a.reason,
          a.duration_ms, a.ended_at
     from bus.attempt a left join bus.operation o on o.operation_id = a.operation_id
    where a.event_id = $1 order by a.ended_at, a.operation_id, a.attempt`,
);

/** Small: one row per event type. */
export const HINTS = named(
  'control.hints',
  `select array(select event_type from bus.operation_graph where state = 'active' order by event_type) as known,
          array(select event_type from bus.operation_graph g where state = 'active' and exists (
                  select from jsonb_array_elements(g.operations) o where (o->>'ordered')::boolean)
                 order by event_type) as ordered,
          (extract(epoch from clock_timestamp()) * 1000)::float8 as now_ms`,
);
