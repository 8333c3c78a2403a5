import { named } from './connection';

/** An execution of any table it may live in, of the page. Each is one range of an index that begins with event_id. */
const HOMES = `
  select event_id, operation_id, attempt, 'in_flight' as home from bus.in_flight
   where event_id > $1::uuid and event_id <= $2::uuid
  union all
  select event_id, operation_id, attempt, 'due' from bus.due
   where event_id > $1::uuid and event_id <= $2::uuid
  union all
  select event_id, operation_id, attempt, 'waiting' from bus.waiting
   where event_id > $1::uuid and event_id <= $2::uuid
  union all
  select event_id, operation_id, attempt, 'dead_letter' from bus.dead_letter
   where event_id > $1::uuid and event_id <= $2::uuid`;

/** Primary key of event. Pages cut the whole range of ids, so that rows without an event are met too. $1 after · $2 events */
export const NEXT_PAGE = named(
  'reconcile.next_page',
  `select count(*)::int as events, max(event_id::text collate "C") as last
     from (select event_id from bus.event where event_id > $1::uuid order by event_id limit $2) page`,
);

/** The id that a search begins behind. $1 time */
export const FIRST_ID = named('reconcile.first_id', 'select bus.first_event_id($1) as event_id');

/** The view's own look-ups by primary keys. $1 after · $2 up to */
export const TOTALS = named(
  'reconcile.totals',
  `select operation, state, count(*)::int as executions from bus.execution
    where event_id > $1::uuid and event_id <= $2::uuid group by operation, state`,
);

/** As TOTALS. A state of null has neither a home nor an end. */
export const LOST = named(
  'reconcile.lost',
  `select 'lost' as kind, event_id as "eventId", operation_id as "operationId",
          'neither a home row nor an end; last attempt ' || attempt as detail
     from bus.execution where event_id > $1::uuid and event_id <= $2::uuid and state is null
    order by event_id, operation_id limit $3`,
);

/** Homes of the page, then primary keys of event, operation_graph and event_identity. $1 after · $2 up to · $3 rows */
export const BAD_HOMES = named(
  'reconcile.bad_homes',
  `with home as materialized (${HOMES}),
   place as (
     select event_id, operation_id, count(*) as homes, string_agg(home, ', ' order by home) as names
       from home group by event_id, operation_id),
   seen as (
     select p.*, e.event_id is not null as has_event,
            (select true from jsonb_array_elements(g.operations) item
              where (item->>'operationId')::int = p.operation_id limit 1) as in_graph,
            (select i.cancelled_at from bus.event_identity i
              where i.identity = bus.identity_of(e.source, e.message_id)) as cancelled_at
       from place p
       left join bus.event e on e.event_id = p.event_id
       left join bus.operation_graph g on g.graph_id = e.graph_id),
   fault as (
     select 'two_homes' as kind, event_id, operation_id, 'it is in ' || names as detail from seen where homes > 1
     union all
     select 'orphan_home', event_id, operation_id,
            case when has_event then 'its event''s graph has no such operation: ' else 'its event is not stored: ' end
              || names
       from seen where not has_event or in_graph is null
     union all
     select 'cancelled_but_open', event_id, operation_id, 'its event was cancelled: ' || names
       from seen where cancelled_at is not null)
   select kind, event_id as "eventId", operation_id as "operationId", detail from fault
    order by event_id, operation_id limit $3`,
);

/** Range of attempt's primary key, and the homes of the page. $1 after · $2 up to · $3 rows */
export const ATTEMPT_GAPS = named(
  'reconcile.attempt_gaps',
  `with home as materialized (${HOMES}),
   ended as materialized (
     select event_id, operation_id, count(*) as rows, max(attempt) as last from bus.attempt
      where event_id > $1::uuid and event_id <= $2::uuid group by event_id, operation_id),
   seen as (
     select event_id, operation_id, home, h.attempt, coalesce(rows, 0) as rows, coalesce(last, 0) as last
       from home h full join ended e using (event_id, operation_id))
   select 'attempt_gap' as kind, event_id as "eventId", operation_id as "operationId",
          case when rows <> last then rows || ' attempts are on record, the last is number ' || last
               else 'in ' || home || ' with attempt ' || attempt || ', on record is number ' || last end as detail
     from seen
    where rows <> last or attempt <> last + case home when 'in_flight' then 1 else 0 end
    order by event_id, operation_id limit $3`,
);

/**
 * Waiting rows of the page; homes of what they wait for by primary keys (due: its unique index), their lanes by theirs.
 * A dead dependency holds only where the operation says block. $1 after · $2 up to · $3 rows
 */
export const LOST_WAKEUPS = named(
  'reconcile.lost_wakeups',
  `select case when w.place is not null and n.operation_id is null then 'lane_missing' else 'lost_wakeup' end as kind,
          w.event_id as "eventId", w.operation_id as "operationId",
          case when w.place is not null and n.operation_id is null then 'place ' || w.place || ' of a lane that is not there'
               when w.pending <> '{}' then 'all it waits for has ended'
               else 'it waits for nothing' end as detail
     from bus.waiting w
     left join bus.lane n on w.place is not null and n.operation_id = w.operation_id and n.key = w.key
    where w.event_id > $1::uuid and w.event_id <= $2::uuid
      and ((w.place is not null and n.operation_id is null)
        or (w.pending <> '{}' and (
              select true from unnest(w.pending) p(operation_id)
               where (select true from bus.in_flight f
                       where f.event_id = w.event_id and f.operation_id = p.operation_id) is not null
                  or (select true from bus.due d
                       where d.event_id = w.event_id and d.operation_id = p.operation_id) is not null
                  or (select true from bus.waiting o
                       where o.event_id = w.event_id and o.operation_id = p.operation_id) is not null
                  or ((select true from bus.dead_letter l
                        where l.event_id = w.event_id and l.operation_id = p.operation_id) is not null
                      and (select item->>'onDependencyDead' from bus.event e
                             join bus.operation_graph g on g.graph_id = e.graph_id
                            cross join lateral jsonb_array_elements(g.operations) item
                            where e.event_id = w.event_id and (item->>'operationId')::int = w.operation_id
                            limit 1) = 'block')
               limit 1) is null)
        or (w.pending = '{}' and (w.place is null or n.head_event_id = w.event_id)))
    order by w.event_id, w.operation_id limit $3`,
);

/** Range of in_flight's primary key. $1 after · $2 up to · $3 rows */
export const EXPIRED = named(
  'reconcile.expired',
  `select 'lease_expired' as kind, event_id as "eventId", operation_id as "operationId",
          'attempt ' || attempt || ' of dispatcher ' || dispatcher_id || '; its lease ended '
            || extract(epoch from clock_timestamp() - lease_until)::int || ' s ago' as detail
     from bus.in_flight
    where event_id > $1::uuid and event_id <= $2::uuid
      and lease_until < (select clock_timestamp()) - interval '5 s'
    order by event_id, operation_id limit $3`,
);

/** Primary key of lane, its heads by primary keys. $1–$2 lane after · $3 lanes */
export const LANE_HEADS = named(
  'reconcile.lane_heads',
  `select n.operation_id as "operationId", n.key, n.head_event_id as "eventId",
          case when f.event_id is not null or d.event_id is not null or w.event_id is not null then null
               when l.event_id is null then 'its head has no home row'
               when n.blocked_by is distinct from n.head_event_id then 'its head is dead and does not block it' end as detail
     from bus.lane n
     left join bus.in_flight f on f.event_id = n.head_event_id and f.operation_id = n.operation_id
     left join bus.due d on d.event_id = n.head_event_id and d.operation_id = n.operation_id
     left join bus.waiting w on w.event_id = n.head_event_id and w.operation_id = n.operation_id
     left join bus.dead_letter l on l.event_id = n.head_event_id and l.operation_id = n.operation_id
    where (n.operation_id, n.key) > ($1::int, $2::text)
    order by n.operation_id, n.key limit $3`,
);

/** Names. $1 ids */
export const OPERATION_NAMES = named(
  'reconcile.operation_names',
  'select operation_id as "operationId", name from bus.operation where operation_id = any ($1::int[])',
);
