import { named } from '../connection';

/** A number for this process start. */
export const REGISTER = named('bus-register', `select nextval('bus.dispatcher_id')::int as id`);

const IN_FLIGHT = `
select f.event_id as "eventId", f.operation_id as "operationId", f.attempt, f.counted::int as counted,
       e.graph_id as "graphId", e.key
  from (select * from bus.in_flight`;
const WITH_EVENT = `) f
 cross join lateral (select graph_id, key from bus.event e where e.event_id = f.event_id offset 0) e`;

/**
 * S4: attempts past their lease. Reads all of in_flight, which holds only what runs now. No lock: the guarded delete
 * of S2 decides, and a lock here would break the lock order. $1 limit
 */
export const EXPIRED = named(
  'bus-expired',
  `${IN_FLIGHT} where lease_until < (select clock_timestamp()) limit $1${WITH_EVENT}`,
);

/** $1 dispatcher */
export const OWN_IN_FLIGHT = named('bus-own-in-flight', `${IN_FLIGHT} where dispatcher_id = $1${WITH_EVENT}`);

/**
 * All that an idle replica wants to know, in one statement: two looks into due's primary key per operation, a scan of
 * in_flight, the configuration's revision. An operation that has nothing due gets the time of this look for its mark:
 * without one, each look would walk over all dead rows that an old snapshot keeps. What is committed later and was due
 * before that time lies within the five minutes below the mark. The look is ordered, which keeps every plan on that key.
 * $1 operation ids · $2 their low-water marks · $3 whether leases are looked at
 */
export const PULSE = named(
  'bus-pulse',
  `
with mark as materialized (
  select o.operation_id, o.state, o.state = 'active' and (
           select true from bus.due d where d.operation_id = o.operation_id
              and d.due_at > coalesce(k.low, '-infinity') - interval '5 min'
              and d.due_at <= (select clock_timestamp())
            order by d.due_at limit 1) is not null as due
    from bus.operation o left join unnest($1::int[], $2::timestamptz[]) as k(operation_id, low) using (operation_id))
select (select coalesce(array_agg(operation_id), '{}') from mark where due) as "dueOperationIds",
       (select coalesce(array_agg(operation_id), '{}') from mark where state = 'active' and not due)
         as "idleOperationIds",
       (select clock_timestamp())::text as "seenAt",
       (select case when min(next.due_at) is not null
                    then greatest(0, extract(epoch from min(next.due_at) - clock_timestamp()) * 1000)::float8 end
          from mark m cross join lateral (
            select d.due_at from bus.due d
             where d.operation_id = m.operation_id and d.due_at > (select clock_timestamp())
             order by d.due_at limit 1) next
         where m.state = 'active') as "nextDueInMs",
       $3::boolean and exists (select from bus.in_flight where lease_until < (select clock_timestamp()))
         as "leaseEnded",
       (select revision::text from bus.configuration) as revision`,
);
