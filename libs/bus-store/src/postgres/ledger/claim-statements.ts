import { named } from '../connection';

/** Greatest value of in_flight's `counted` column. */
const MAX_COUNTED = 32_767;

/**
 * S3: claims due executions of all operations with room, in one statement. Uses due's primary key (operation_id,
 * due_at, event_id): the low-water mark keeps the scan off dead tuples, and the scalar sub-select of the clock bounds
 * it (the bare function is volatile and bounds nothing). What still depends on something goes on to `waiting`.
 * Rows with a key belong to lanes: they are only counted here (`keyed`) and claimed by the operation alone.
 * $1 operation ids · $2 free slots · $3 low-water marks · $4 leases in ms · $5 dispatcher
 */
export const CLAIM = named(
  'bus-claim',
  `
with room as (
  select * from unnest($1::int[], $2::int[], $3::timestamptz[], $4::int[]) as r(operation_id, free, low, lease_ms)),
ready as materialized (
  select d.*, r.lease_ms from room r cross join lateral (
    select operation_id, due_at, event_id, attempt, counted, key, pending from bus.due
     where operation_id = r.operation_id
       and due_at > r.low - interval '5 min' and due_at <= (select clock_timestamp())
     order by due_at, event_id limit r.free for update skip locked) d),
taken as (
  delete from bus.due d using ready r
   where d.operation_id = r.operation_id and d.due_at = r.due_at and d.event_id = r.event_id and r.key is null
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
select event_id, operation_id, attempt, counted::int, null::int as found, null::int as keyed, null::text as low
  from claimed
union all
select null, operation_id, null, null, count(*)::int, (count(*) filter (where key is not null))::int, max(due_at)::text
  from ready group by operation_id`,
);

/**
 * Serialises claims of a rated or ordered operation, and fills its bucket: max(1, rate / 2) tokens at most, by the
 * database's clock. $1 operation id · $2 rate per second (null: not rated)
 */
export const LOCK_OPERATION = named(
  'bus-lock-operation',
  `
select case when $2::float8 is null then null
            else least(greatest(1, $2 / 2), coalesce(tokens, greatest(1, $2 / 2))
                 + $2 * greatest(0, extract(epoch from clock_timestamp() - coalesce(refilled_at, clock_timestamp()))))
       end as tokens
  from bus.operation where operation_id = $1 for update`,
);

/** $1 operation id · $2 tokens left */
export const STORE_TOKENS = named(
  'bus-store-tokens',
  `update bus.operation set tokens = $2, refilled_at = clock_timestamp() where operation_id = $1`,
);

/** Candidates, without a lock (due's primary key). $1 operation id · $2 low-water mark · $3 limit */
export const CANDIDATES = named(
  'bus-candidates',
  `
select event_id, due_at::text as due_at, key from bus.due
 where operation_id = $1 and due_at > $2::timestamptz - interval '5 min' and due_at <= (select clock_timestamp())
 order by due_at, event_id limit $3`,
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

/** Takes the candidates that are still there (due's unique index). $1 operation id · $2 event ids */
export const TAKE = named(
  'bus-take',
  `
with ready as materialized (
  select d.operation_id, d.due_at, d.event_id from unnest($2::uuid[]) as c(event_id)
    join bus.due d on d.event_id = c.event_id and d.operation_id = $1
   order by d.due_at, d.event_id for update of d skip locked)
delete from bus.due d using ready r
 where d.operation_id = r.operation_id and d.due_at = r.due_at and d.event_id = r.event_id
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
    from unnest($13::text[], $14::uuid[], $15::bigint[]) as k(key, head_event_id, next_place)
   where l.operation_id = $1 and l.key = k.key)
delete from bus.lane l using unnest($16::text[]) as k(key) where l.operation_id = $1 and l.key = k.key`,
);
