import { ATTEMPT_OUTCOMES } from '@bus/contracts';
import { REPLAY_WITHIN_DAYS } from '@bus/domain';
import { named } from '../connection';
import { keyIs } from '../key-lookup';

const SKIPPED = ATTEMPT_OUTCOMES.indexOf('skipped');

/** Events by primary key, one lookup each; what is read of them never changes but `graph_id`. $1 event ids */
export const LOCATE = named(
  'replay.locate',
  `select e.event_id, bus.identity_of(e.source, e.message_id) as identity, e.type, e.key, e.graph_id
     from unnest($1::uuid[]) as k(event_id)
    cross join lateral (
      select event_id, source, message_id, type, key, graph_id from bus.event e
       where e.event_id = k.event_id offset 0) e`,
);

/** Before anything else, ascending. $1 identities. Primary key of event_identity. */
export const LOCK_IDENTITIES = named(
  'replay.lock_identities',
  `select event_id, cancelled_at is not null as cancelled from bus.event_identity
    where identity = any ($1::uuid[]) order by identity for update`,
);

/** Lanes, keys ascending. $1 operation ids · $2 keys. Primary key of lane. */
export const LOCK_LANES = named(
  'replay.lock_lanes',
  `select l.operation_id, l.key from unnest($1::int[], $2::text[]) as k(operation_id, key)
     join bus.lane l on ${keyIs('l.operation_id', 'k.operation_id')} and l.key = k.key
    order by k.operation_id, k.key collate "C" for update of l`,
);

/**
 * Holds what dependencies have of home rows, so that none ends unseen. In this order, each before the look.
 * $1 event ids · $2 operation ids. Primary keys; `due` by its unique index on (event_id, operation_id).
 */
export const HOLD_HOMES = (['in_flight', 'due', 'waiting', 'dead_letter'] as const).map((home) => ({
  home,
  query: named(
    `replay.hold_${home}`,
    `select h.event_id, h.operation_id from unnest($1::uuid[], $2::int[]) as k(event_id, operation_id)
       join bus.${home} h on ${keyIs('h.event_id', 'k.event_id')} and ${keyIs('h.operation_id', 'k.operation_id')}
      order by k.event_id, k.operation_id for share of h`,
  ),
}));

/**
 * The look: one snapshot of all homes, of the last attempt, of the first that may have had an effect in this run, and
 * of who heads the lane. Primary keys throughout. $1 event ids · $2 operation ids · $3 lane keys (null: no lane)
 */
export const LOOK = named(
  'replay.look',
  `select k.event_id, k.operation_id,
          case when f.event_id is not null then 'in_flight' when d.event_id is not null then 'due'
               when w.event_id is not null then 'waiting' when l.event_id is not null then 'dead_letter' end as home,
          coalesce(f.attempt, d.attempt, w.attempt, l.attempt, last.attempt, 0) as attempt,
          last.outcome as last_outcome,
          coalesce(first.ended_at < (select clock_timestamp()) - interval '${REPLAY_WITHIN_DAYS} days', false) as too_old,
          coalesce(r.runs, 0) as runs,
          coalesce((select n.head_event_id = k.event_id from bus.lane n
                     where n.operation_id = k.operation_id and n.key = k.key), false) as heads
     from unnest($1::uuid[], $2::int[], $3::text[]) as k(event_id, operation_id, key)
     left join bus.in_flight f on ${keyIs('f.event_id', 'k.event_id')} and ${keyIs('f.operation_id', 'k.operation_id')}
     left join bus.due d on ${keyIs('d.event_id', 'k.event_id')} and ${keyIs('d.operation_id', 'k.operation_id')}
     left join bus.waiting w on ${keyIs('w.event_id', 'k.event_id')} and ${keyIs('w.operation_id', 'k.operation_id')}
     left join bus.dead_letter l on ${keyIs('l.event_id', 'k.event_id')} and l.operation_id + 0 = k.operation_id
     left join bus.forced_run r on ${keyIs('r.event_id', 'k.event_id')} and ${keyIs('r.operation_id', 'k.operation_id')}
     left join lateral (
       select a.attempt, a.outcome from bus.attempt a
        where a.event_id = k.event_id and a.operation_id = k.operation_id order by a.attempt desc limit 1) last on true
     left join lateral (
       select a.ended_at from bus.attempt a
        where a.event_id = k.event_id and a.operation_id = k.operation_id and a.outcome <> ${SKIPPED}
          and a.attempt > coalesce(r.attempt, 0)
        order by a.attempt limit 1) first on true`,
);

/**
 * Moves ended executions to `due`: at the later of now and their own time, same attempt, counted 0. One time for all
 * of them, so that within a lane the order of events decides. $1 event ids · $2 operation ids · $3 attempts
 * $4 lane keys · $5 pending · $6 the operation's delay in ms · $7 has a dead letter · $8 forced · $9 blocks its lane
 */
export const REPLAY = named(
  'replay.replay',
  `
with asked as materialized (
  select * from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::text[], $6::float8[], $7::boolean[],
                       $8::boolean[], $9::boolean[])
    as k(event_id, operation_id, attempt, key, pending, delay_ms, dead, forced, blocks)),
gone as (
  delete from bus.dead_letter l using asked k
   where k.dead
     and ${keyIs('l.event_id', 'k.event_id')} and l.operation_id + 0 = k.operation_id and l.attempt = k.attempt
  returning 1),
unblocked as (
  update bus.lane n set blocked_by = null from asked k
   where k.blocks and ${keyIs('n.operation_id', 'k.operation_id')} and n.key = k.key and n.blocked_by = k.event_id),
forced as (
  insert into bus.forced_run as r (event_id, operation_id, runs, attempt)
  select event_id, operation_id, 1, attempt from asked where forced
  on conflict (event_id, operation_id) do update set runs = r.runs + 1, attempt = excluded.attempt
  returning event_id, operation_id, runs),
again as (
  insert into bus.due (operation_id, due_at, event_id, attempt, counted, key, pending)
  select k.operation_id,
         greatest((select coalesce(e.deliver_at, e.stored_at) from bus.event e where e.event_id = k.event_id)
                    + k.delay_ms * interval '1 ms', (select clock_timestamp())),
         k.event_id, k.attempt, 0, k.key, k.pending::int[]
    from asked k order by k.operation_id, k.event_id
  returning event_id, operation_id, due_at)
select a.event_id, a.operation_id, a.due_at, f.runs, (select count(*) from gone)::int as gone
  from again a left join forced f using (event_id, operation_id)`,
);

/** $1 event id · $2 operation id · $3 attempt. By whatever home the execution has; the event's rows are locked. */
export const LEAVE_HOME = named(
  'replay.leave_home',
  `
with due as (
  delete from bus.due where event_id = $1 and operation_id = $2 and attempt = $3 returning 1),
waiting as (
  delete from bus.waiting where event_id = $1 and operation_id = $2 and attempt = $3 returning 1),
dead as (
  delete from bus.dead_letter where event_id = $1 and operation_id = $2 and attempt = $3 returning 1)
select (select count(*) from due)::int + (select count(*) from waiting)::int
       + (select count(*) from dead)::int as left`,
);

/** The end takes a number of its own. $1 event id · $2 operation id · $3 attempt · $4 reason */
export const SKIP_BY_PERSON = named(
  'replay.skip_by_person',
  `insert into bus.attempt_group (event_id, operation_id, attempt, outcome, code, reason)
   values ($1, $2, $3, ${SKIPPED}, 'by_person', $4)`,
);

/** Without a lock. $1 operation name · $2 key */
export const FIND_LANE = named(
  'replay.find_lane',
  `select o.operation_id, n.blocked_by, n.head_event_id
     from bus.operation o left join bus.lane n on n.operation_id = o.operation_id and n.key = $2
    where o.name = $1`,
);

/** $1 event id. What routing and its filters read of an event. */
export const READ_EVENT = named(
  'replay.read_event',
  `select event_id, source, message_id, type, key, payload, deliver_at::text as deliver_at, graph_id,
          to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as occurred_at,
          bus.identity_of(source, message_id) as identity
     from bus.event where event_id = $1`,
);

/** 0 rows: routed meanwhile, or the graph is not active any more. $1 event id · $2 graph id */
export const ROUTE = named(
  'replay.route',
  `update bus.event set graph_id = $2 where event_id = $1 and graph_id is null
      and exists (select from bus.operation_graph where graph_id = $2 and state = 'active')`,
);
