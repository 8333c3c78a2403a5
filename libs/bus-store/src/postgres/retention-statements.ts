import { named } from './connection';

/** Days whose events, or the attempts of dropped events, may go; oldest first. $1 days kept · $2 after this day */
export const OLDEST_DAY = named(
  'retention.oldest_day',
  `
with day as (
  select case i.inhparent when 'bus.event'::regclass then 'event' else 'attempt' end as "table",
         to_date(right(c.relname, 8), 'YYYYMMDD') as day
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
   where i.inhparent in ('bus.event'::regclass, 'bus.attempt_group'::regclass) and c.relname ~ '_[0-9]{8}$')
select "table", day::text as day from day d
 where day < (clock_timestamp() at time zone 'UTC')::date - $1::int and day > coalesce($2::date, '-infinity')
   and ("table" = 'event' or not exists (select from day e where e."table" = 'event' and e.day = d.day))
 order by day, "table" desc limit 1`,
);

/** $1 event or attempt · $2 day · $3 most rows that move */
export const RETIRE = named('retention.retire', 'select bus.retire_partition($1, $2::date, $3) as moved');

/**
 * Events of dropped days, which are open or were when their day was dropped: event_default's primary key, up to the
 * oldest day kept. $1 after this event · $2 limit
 */
export const MOVED_EVENTS = named(
  'retention.moved_events',
  `
with oldest as materialized (
  select bus.first_event_id(to_date(right(min(c.relname), 8), 'YYYYMMDD')::timestamp at time zone 'UTC') as event_id
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
   where i.inhparent = 'bus.event'::regclass and c.relname ~ '^event_[0-9]{8}$')
select event_id, bus.identity_of(source, message_id) as identity from bus.event_default
 where event_id > $1 and event_id < (select event_id from oldest)
 order by event_id limit $2`,
);

/** First in the lock order: a replay waits, or is waited for by nobody. $1 identities */
export const LOCK_IDENTITIES = named(
  'retention.lock_identities',
  `select identity from bus.event_identity where identity = any ($1::uuid[]) order by identity for update skip locked`,
);

/** Scalar sub-selects, not `exists`: under an `or` that one may be answered by hashing a whole table. */
const HAS_HOME = (event: string) =>
  `coalesce(${['in_flight', 'due', 'waiting', 'dead_letter', 'dead_letter_mirror']
    .map((table) => `(select true from bus.${table} h where h.event_id = ${event} limit 1)`)
    .join(', ')}, false)`;

/**
 * Deletes those that have no home row any more and ended long enough ago; their identity stays for 90 days after that.
 * Primary keys all the way. $1 event ids · $2 their identities, locked · $3 days kept
 */
export const PRUNE_MOVED = named(
  'retention.prune_moved',
  `
with old as materialized (
  select * from (
    select k.event_id, k.identity, coalesce(
             (select max(a.ended_at) from bus.attempt_group a where a.event_id = k.event_id), i.cancelled_at, e.stored_at) as ended_at
      from unnest($1::uuid[], $2::uuid[]) as k(event_id, identity)
      join bus.event_default e on e.event_id = k.event_id
      join bus.event_identity i on i.identity = k.identity
     where not ${HAS_HOME('k.event_id')}) ended
   where ended_at < (select clock_timestamp()) - $3::int * interval '1 day'),
identities as (
  update bus.event_identity i
     set prune_after = greatest(i.prune_after, (o.ended_at at time zone 'UTC')::date + 91)
    from old o where i.identity = o.identity),
attempts as (
  delete from bus.attempt_group a using old o where a.event_id = o.event_id),
events as (
  delete from bus.event_default e using old o where e.event_id = o.event_id)
select count(*)::int as deleted from old`,
);

/** event_identity_prune_after_idx. Skips who is busy, so it never waits. $1 limit */
export const IDENTITIES_TO_SWEEP = named(
  'retention.identities_to_sweep',
  `
select identity from bus.event_identity
 where prune_after < (select (clock_timestamp() at time zone 'UTC')::date)
 order by prune_after limit $1 for update skip locked`,
);

/**
 * Until when an identity is kept: open → looked at again in 90 days; stored → as long as its event is, and 90 days after
 * it ended; its event dropped with its day → 90 days after that, since none of that day's ended later; a placeholder → 90
 * days after its time. What has none of these, or only one that is past, goes. $1 identities, locked
 */
export const SWEEP_IDENTITIES = named(
  'retention.sweep_identities',
  `
with today as materialized (select (clock_timestamp() at time zone 'UTC')::date as day),
kept as materialized (
  select i.identity, case
           when i.event_id is null then
             case when i.cancelled_at is null then (i.deliver_at at time zone 'UTC')::date + 91 end
           when ${HAS_HOME('i.event_id')} then today.day + 90
           when e.stored_at is not null then greatest(today.day + 30, (coalesce(
             (select max(a.ended_at) from bus.attempt_group a where a.event_id = i.event_id),
             i.cancelled_at, e.stored_at) at time zone 'UTC')::date + 91)
           else (select (d.retired_at at time zone 'UTC')::date + 91 from bus.retired_day d
                  where d.day = bus.day_of(i.event_id))
         end as until
    from unnest($1::uuid[]) as k(identity) join bus.event_identity i on i.identity = k.identity
   cross join today
    left join lateral (select stored_at from bus.event e where e.event_id = i.event_id offset 0) e on true),
moved as (
  update bus.event_identity i set prune_after = k.until from kept k, today
   where i.identity = k.identity and k.until > today.day returning i.identity),
gone as (
  delete from bus.event_identity i using kept k, today
   where i.identity = k.identity and coalesce(k.until, '-infinity') <= today.day returning i.identity)
select (select count(*)::int from gone) as deleted, (select count(*)::int from moved) as "movedOn"`,
);
