import { named } from '../connection';
import { keyIs } from '../key-lookup';

/** Greatest value of in_flight's `counted` column. */
const MAX_COUNTED = 32_767;

/** Due executions of one kind, oldest first, by due_share_idx. `least(attempt, 1)`: 0 = fresh, 1 = attempted before. */
const dueOf = (kind: 0 | 1, operation: string, low: string) =>
  `operation_id = ${operation} and least(attempt, 1) = ${kind}
       and due_at > ${low} - interval '5 min' and due_at <= (select clock_timestamp())`;

/** Whether there are any. Not by `exists`, which knows no order: only the order keeps a plan from another index. */
const anyDue = (kind: 0 | 1, operation: string, low: string) =>
  `(select true from bus.due where ${dueOf(kind, operation, low)} order by due_at limit 1) is not null`;

/**
 * S3: claims due executions of all operations with room, in one statement. Uses due_share_idx (operation_id,
 * least(attempt, 1), due_at, event_id), where retries and fresh work are a range each: the share of the retries costs no
 * look at those over it. The low-water mark keeps the scan off dead tuples, and the scalar sub-select of the clock
 * bounds it (the bare function is volatile and bounds nothing). What still depends on something goes on to `waiting`.
 * Rows with a key belong to lanes: they are only counted here (`keyed`) and claimed by the operation alone.
 * The mark stays behind whatever is left of either kind.
 * $1 operation ids · $2 free slots · $3 low-water marks · $4 leases in ms · $5 dispatcher · $6 retries (null: no limit)
 */
export const CLAIM = named(
  'bus-claim',
  `
with room as materialized (
  select r.*, case when ${anyDue(0, 'r.operation_id', 'r.low')}
                   then least(r.free, r.retries) else r.free end as retry_limit
    from unnest($1::int[], $2::int[], $3::timestamptz[], $4::int[], $6::int[])
      as r(operation_id, free, low, lease_ms, retries)),
again as materialized (
  select d.*, r.lease_ms, r.free, r.retry_limit from room r cross join lateral (
    select operation_id, due_at, event_id, attempt, counted, key, pending from bus.due
     where ${dueOf(1, 'r.operation_id', 'r.low')}
     order by due_at, event_id limit r.retry_limit for update skip locked) d),
fresh as materialized (
  select d.*, r.lease_ms, r.free, r.retry_limit from (
    select room.*, (select count(*) from again a where a.operation_id = room.operation_id) as again from room) r
   cross join lateral (
    select operation_id, due_at, event_id, attempt, counted, key, pending from bus.due
     where ${dueOf(0, 'r.operation_id', 'r.low')}
     order by due_at, event_id limit r.free - r.again for update skip locked) d),
ready as materialized (select * from again union all select * from fresh),
taken as (
  delete from bus.due d using ready r
   where ${keyIs('d.operation_id', 'r.operation_id')} and d.due_at = r.due_at and ${keyIs('d.event_id', 'r.event_id')}
     and r.key is null
  returning r.event_id, r.operation_id, r.attempt, r.counted, r.pending, r.lease_ms),
blocked as (
  insert into bus.waiting (event_id, operation_id, attempt, counted, pending)
  select event_id, operation_id, attempt, counted, pending from taken where pending <> '{}'),
claimed as (
  insert into bus.in_flight (event_id, operation_id, attempt, counted, lease_until, dispatcher_id)
  select event_id, operation_id, attempt + 1, least(counted + 1, ${MAX_COUNTED}),
         clock_timestamp() + lease_ms * interval '1 ms', $5::int
    from taken where pending = '{}'
  returning event_id, operation_id, attempt, counted)
select event_id, operation_id, attempt, counted::int, null::boolean as more, null::int as keyed, null::text as low
  from claimed
union all
select null, operation_id, null, null,
       count(*) >= min(free) or count(*) filter (where attempt > 0) >= min(retry_limit),
       (count(*) filter (where key is not null))::int,
       case when min(retry_limit) > 0
            then least(max(due_at) filter (where attempt > 0), max(due_at) filter (where attempt = 0))::text end
  from ready group by operation_id`,
);

/**
 * Serialises claims of a rated or ordered operation, and fills its bucket: max(1, rate / 2) tokens at most, by the
 * database's clock. Rate and state are those of the row: a replica that knows the operation from retired graphs alone,
 * or not at all yet, keeps to them too. `tokens` null: not rated. $1 operation id
 */
export const LOCK_OPERATION = named(
  'bus-lock-operation',
  `
select o.state = 'active' as active,
       case when r.rate is not null
            then least(greatest(1, r.rate / 2), coalesce(o.tokens, greatest(1, r.rate / 2))
                 + r.rate * greatest(0, extract(epoch from clock_timestamp() - coalesce(o.refilled_at, clock_timestamp()))))
       end as tokens
  from bus.operation o cross join lateral (select (o.settings->>'ratePerSecond')::float8 as rate) r
 where o.operation_id = $1 for update of o`,
);

/** $1 operation id · $2 tokens left */
export const STORE_TOKENS = named(
  'bus-store-tokens',
  `update bus.operation set tokens = $2, refilled_at = clock_timestamp() where operation_id = $1`,
);

/**
 * Candidates, without a lock (due_share_idx). $1 operation id · $2 low-water mark · $3 limit · $4 of these retries, while
 * fresh work is due (null: no limit)
 */
export const CANDIDATES = named(
  'bus-candidates',
  `
select event_id, due_at::text as due_at, key, attempt > 0 as again from (
  (select event_id, due_at, key, attempt from bus.due
    where ${dueOf(1, '$1', '$2::timestamptz')}
    order by due_at, event_id
    limit (select case when ${anyDue(0, '$1', '$2::timestamptz')}
                       then least($3::int, $4::int) else $3::int end))
  union all
  (select event_id, due_at, key, attempt from bus.due
    where ${dueOf(0, '$1', '$2::timestamptz')}
    order by due_at, event_id limit $3::int)) c
 order by c.due_at, event_id limit $3::int`,
);

/**
 * Locks or makes the candidates' lanes, keys ascending. A lane made here is headed by its first candidate.
 * $1 operation id · $2 event ids · $3 keys, both in claim order
 */
export const ENTER_LANES = named(
  'bus-enter-lanes',
  `
insert into bus.lane as l (operation_id, key, head_event_id, next_place)
select $1, key, (array_agg(event_id order by position))[1], 0
  from unnest($2::uuid[], $3::text[]) with ordinality as c(event_id, key, position)
 group by key order by key collate "C"
on conflict (operation_id, key) do update set next_place = l.next_place
returning key, head_event_id, next_place::text as next_place, xmax = 0 as made`,
);

/**
 * Takes the candidates that are still there and still due (due's unique index): between the look and the lanes' locks
 * a reschedule may have given one a later time. $1 operation id · $2 event ids
 */
export const TAKE = named(
  'bus-take',
  `
with ready as materialized (
  select d.operation_id, d.due_at, d.event_id from unnest($2::uuid[]) as c(event_id)
    join bus.due d on d.event_id = c.event_id and d.operation_id = $1 and d.due_at <= (select clock_timestamp())
   order by d.due_at, d.event_id for update of d skip locked)
delete from bus.due d using ready r
 where ${keyIs('d.operation_id', 'r.operation_id')} and d.due_at = r.due_at and ${keyIs('d.event_id', 'r.event_id')}
returning d.event_id, d.attempt, d.counted, d.key, d.pending`,
);

/**
 * Places what was taken. $1 operation id · $2 dispatcher · $3 lease in ms · $4–$6 start (event, attempt, counted)
 * $7–$12 wait (event, attempt, counted, key, place, pending) · $13–$15 lanes (key, head, next place) · $16 lanes ended
 */
export const PLACE = named(
  'bus-place',
  `
with started as (
  insert into bus.in_flight (event_id, operation_id, attempt, counted, lease_until, dispatcher_id)
  select event_id, $1::int, attempt, counted, clock_timestamp() + $3::int * interval '1 ms', $2::int
    from unnest($4::uuid[], $5::int[], $6::smallint[]) as k(event_id, attempt, counted)),
waiting as (
  insert into bus.waiting (event_id, operation_id, attempt, counted, key, place, pending)
  select event_id, $1::int, attempt, counted, key, place, pending::int[]
    from unnest($7::uuid[], $8::int[], $9::smallint[], $10::text[], $11::bigint[], $12::text[])
      as k(event_id, attempt, counted, key, place, pending)),
changed as (
  update bus.lane l set head_event_id = k.head_event_id, next_place = k.next_place
    from unnest(array_fill($1::int, array[cardinality($13::text[])]), $13::text[], $14::uuid[], $15::bigint[])
      as k(operation_id, key, head_event_id, next_place)
   where ${keyIs('l.operation_id', 'k.operation_id')} and l.key = k.key)
delete from bus.lane l using unnest(array_fill($1::int, array[cardinality($16::text[])]), $16::text[]) as k(operation_id, key)
 where ${keyIs('l.operation_id', 'k.operation_id')} and l.key = k.key`,
);
