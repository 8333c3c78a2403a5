import { named } from '../connection';
import { keyIs } from '../key-lookup';

/**
 * TX3's parts for lanes and dependents, in the order of docs/guarantees.md "Lock order": lane, in_flight, due, waiting.
 * Each looks in a statement of its own, later than the lock before it: a lock and a look in one statement see an old
 * snapshot and lose wake-ups.
 */

/** Locks lanes, keys ascending (lane's primary key). $1 operation ids · $2 keys */
export const LOCK_LANES = named(
  'bus-lock-lanes',
  `
select l.operation_id, l.key, l.head_event_id, l.next_place::text as next_place, l.blocked_by
  from unnest($1::int[], $2::text[]) as k(operation_id, key)
  join bus.lane l on ${keyIs('l.operation_id', 'k.operation_id')} and l.key = k.key
 order by k.operation_id, k.key collate "C" for update of l`,
);

/** Dependents that wait for a time (due's unique index on event_id, operation_id). $1 event ids · $2 operation ids */
export const LOCK_DUE = named(
  'bus-lock-due',
  `
select d.event_id, d.operation_id, d.attempt, d.counted, d.key, null as place, d.pending
  from unnest($1::uuid[], $2::int[]) as k(event_id, operation_id)
  join bus.due d on ${keyIs('d.event_id', 'k.event_id')} and ${keyIs('d.operation_id', 'k.operation_id')}
 order by k.event_id, k.operation_id for update of d`,
);

/** Dependents that wait (waiting's primary key). $1 event ids · $2 operation ids */
export const LOCK_WAITING = named(
  'bus-lock-waiting',
  `
select w.event_id, w.operation_id, w.attempt, w.counted, w.key, w.place::text as place, w.pending
  from unnest($1::uuid[], $2::int[]) as k(event_id, operation_id)
  join bus.waiting w on ${keyIs('w.event_id', 'k.event_id')} and ${keyIs('w.operation_id', 'k.operation_id')}
 order by k.event_id, k.operation_id for update of w`,
);

/**
 * The next of each freed lane: the lowest place (waiting's index on operation_id, key, place). The lanes are locked.
 * $1 operation ids · $2 keys · $3–$4 executions that leave `waiting` in this transaction
 */
export const NEXT_IN_LANE = named(
  'bus-next-in-lane',
  `
select k.operation_id, k.key, w.event_id, w.attempt, w.counted, w.place::text as place, w.pending
  from unnest($1::int[], $2::text[]) as k(operation_id, key)
 cross join lateral (
   select * from bus.waiting w
    where w.operation_id = k.operation_id and w.key = k.key and w.place is not null
      and not exists (select from unnest($3::uuid[], $4::int[]) as s(event_id, operation_id)
                       where s.event_id = w.event_id and s.operation_id = w.operation_id)
    order by w.place limit 1) w`,
);

/**
 * Makes all moves at once. Every row it touches is locked by this transaction, by itself or through its lane.
 * $1–$2 leave waiting · $3–$4 leave due · $5–$9 start (lease in ms) · $10–$14 due at once (lane key)
 * $15–$17 skipped (attempt) · $18–$21 stay in waiting (pending, place) · $22–$24 stay in due (pending)
 * $25–$27 lanes: new head · $28–$30 lanes: blocked by · $31–$32 lanes: ended · $33 dispatcher · $34 outcome `skipped`
 */
export const MOVE = named(
  'bus-move',
  `
with left_waiting as (
  delete from bus.waiting w using unnest($1::uuid[], $2::int[]) as k(event_id, operation_id)
   where ${keyIs('w.event_id', 'k.event_id')} and ${keyIs('w.operation_id', 'k.operation_id')} returning 1),
left_due as (
  delete from bus.due d using unnest($3::uuid[], $4::int[]) as k(event_id, operation_id)
   where ${keyIs('d.event_id', 'k.event_id')} and ${keyIs('d.operation_id', 'k.operation_id')} returning 1),
started as (
  insert into bus.in_flight (event_id, operation_id, attempt, counted, lease_until, dispatcher_id)
  select event_id, operation_id, attempt, counted, clock_timestamp() + lease_ms * interval '1 ms', $33::int
    from unnest($5::uuid[], $6::int[], $7::int[], $8::smallint[], $9::int[])
      as k(event_id, operation_id, attempt, counted, lease_ms)),
now_due as (
  insert into bus.due (operation_id, due_at, event_id, attempt, counted, key)
  select operation_id, clock_timestamp(), event_id, attempt, counted, key
    from unnest($10::uuid[], $11::int[], $12::int[], $13::smallint[], $14::text[])
      as k(event_id, operation_id, attempt, counted, key)),
skipped as (
  insert into bus.attempt_group (event_id, operation_id, attempt, outcome, code, dispatcher_id)
  select event_id, operation_id, attempt, $34::smallint, 'dependency_dead', $33::int
    from unnest($15::uuid[], $16::int[], $17::int[]) as k(event_id, operation_id, attempt)),
kept_waiting as (
  update bus.waiting w set pending = k.pending::int[], place = k.place
    from unnest($18::uuid[], $19::int[], $20::text[], $21::bigint[]) as k(event_id, operation_id, pending, place)
   where ${keyIs('w.event_id', 'k.event_id')} and ${keyIs('w.operation_id', 'k.operation_id')} returning 1),
kept_due as (
  update bus.due d set pending = k.pending::int[]
    from unnest($22::uuid[], $23::int[], $24::text[]) as k(event_id, operation_id, pending)
   where ${keyIs('d.event_id', 'k.event_id')} and ${keyIs('d.operation_id', 'k.operation_id')} returning 1),
promoted as (
  update bus.lane l set head_event_id = k.event_id, blocked_by = null
    from unnest($25::int[], $26::text[], $27::uuid[]) as k(operation_id, key, event_id)
   where ${keyIs('l.operation_id', 'k.operation_id')} and l.key = k.key),
blocked as (
  update bus.lane l set blocked_by = k.event_id
    from unnest($28::int[], $29::text[], $30::uuid[]) as k(operation_id, key, event_id)
   where ${keyIs('l.operation_id', 'k.operation_id')} and l.key = k.key),
ended as (
  delete from bus.lane l using unnest($31::int[], $32::text[]) as k(operation_id, key)
   where ${keyIs('l.operation_id', 'k.operation_id')} and l.key = k.key)
select (select count(*) from left_waiting)::int as left_waiting, (select count(*) from left_due)::int as left_due,
       (select count(*) from kept_waiting)::int as kept_waiting, (select count(*) from kept_due)::int as kept_due`,
);

/** Events by primary key, one lookup each. $1 event ids */
export const LOAD_EVENTS = named(
  'bus-load-events',
  `
select e.* from unnest($1::uuid[]) as k(event_id)
 cross join lateral (
   select event_id, source, message_id, type, key, payload, traceparent, graph_id,
          to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as occurred_at
     from bus.event e where e.event_id = k.event_id offset 0) e`,
);

/** Outputs of completed dependencies (attempt's primary key). $1 event ids · $2 operation ids · $3 `completed` */
export const LOAD_OUTPUTS = named(
  'bus-load-outputs',
  `
select k.event_id, k.operation_id, a.output
  from unnest($1::uuid[], $2::int[]) as k(event_id, operation_id)
 cross join lateral (
   select output from bus.attempt a
    where a.event_id = k.event_id and a.operation_id = k.operation_id and a.outcome = $3::smallint
    order by a.attempt desc limit 1) a`,
);

/** Executions that were replayed by force (forced_run's primary key). $1 event ids · $2 operation ids */
export const LOAD_FORCED_RUNS = named(
  'bus-load-forced-runs',
  `
select f.event_id, f.operation_id, f.runs
  from unnest($1::uuid[], $2::int[]) as k(event_id, operation_id)
  join bus.forced_run f on ${keyIs('f.event_id', 'k.event_id')} and f.operation_id = k.operation_id`,
);
