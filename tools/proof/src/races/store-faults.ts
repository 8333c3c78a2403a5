import { ATTEMPT_OUTCOMES, DEAD_CAUSES } from '@bus/contracts';
import type { Queryable } from '@bus/store';

const COMPLETED = ATTEMPT_OUTCOMES.indexOf('completed');
const SKIPPED = ATTEMPT_OUTCOMES.indexOf('skipped');
const REJECTED = DEAD_CAUSES.indexOf('rejected');

/** Every execution of the events' graphs with all its homes, its last attempt, and its lane. */
const EXECUTIONS = `
with stored as materialized (
  select e.event_id, e.key, g.operations, i.cancelled_at is not null as cancelled
    from bus.event e join bus.operation_graph g on g.graph_id = e.graph_id
    left join bus.event_identity i on i.identity = bus.identity_of(e.source, e.message_id)
   where e.event_id = any ($1::uuid[])),
x as materialized (
  select e.event_id, e.cancelled, (o->>'operationId')::int as op, o->>'name' as name,
         case when (o->>'ordered')::boolean then e.key end as key, coalesce(o->>'onDependencyDead', 'block') as on_dead,
         f.attempt as flying, d.attempt as due, w.attempt as waiting, l.attempt as dead, l.cause, w.place,
         coalesce(w.pending, d.pending) as pending, coalesce(w.key, d.key) as home_key, w.event_id is not null as waits,
         num_nonnulls(f.attempt, d.attempt, w.attempt, l.attempt) as homes,
         coalesce(a.last, 0) as last, coalesce(a.rows, 0) as rows, a.started, a.outcome,
         n.head_event_id as head, n.next_place, n.blocked_by, n.operation_id is not null as laned
    from stored e cross join lateral jsonb_array_elements(e.operations) o
    left join bus.in_flight f on f.event_id = e.event_id and f.operation_id = (o->>'operationId')::int
    left join bus.due d on d.event_id = e.event_id and d.operation_id = (o->>'operationId')::int
    left join bus.waiting w on w.event_id = e.event_id and w.operation_id = (o->>'operationId')::int
    left join bus.dead_letter l on l.event_id = e.event_id and l.operation_id = (o->>'operationId')::int
    left join bus.lane n on (o->>'ordered')::boolean and n.key = e.key and n.operation_id = (o->>'operationId')::int
    left join lateral (
      select max(attempt) as last, count(*)::int as rows, bool_or(outcome <> ${SKIPPED}) as started,
             (array_agg(outcome order by attempt desc))[1] as outcome
        from bus.attempt where event_id = e.event_id and operation_id = (o->>'operationId')::int) a on true),
lanes as materialized (
  select distinct on (x.op, x.key) x.op, x.key, x.name, x.head, x.blocked_by,
         (select true from bus.in_flight h where h.event_id = x.head and h.operation_id = x.op) as flies,
         (select true from bus.due h where h.event_id = x.head and h.operation_id = x.op) as due,
         (select h.place is null from bus.waiting h where h.event_id = x.head and h.operation_id = x.op) as waits,
         (select true from bus.dead_letter h where h.event_id = x.head and h.operation_id = x.op) as dead
    from x where x.laned)`;

const FAULTS: readonly [condition: string, words: string][] = [
  ['homes > 1', `' has ' || homes || ' homes'`],
  [
    `homes = 0 and not cancelled and coalesce(outcome, -1) not in (${COMPLETED}, ${SKIPPED})`,
    `' has neither a home nor an end'`,
  ],
  ['cancelled and homes > 0', `' is cancelled and has a home all the same'`],
  ['cancelled and started', `' is cancelled although an attempt had started'`],
  ['flying <> last + 1', `' is in flight with attempt ' || flying || ' after attempt ' || last`],
  [
    'coalesce(due, waiting, dead) <> last',
    `' rests with attempt ' || coalesce(due, waiting, dead) || ' after ' || last`,
  ],
  ['rows <> last', `' has ' || rows || ' attempt rows up to attempt ' || last`],
  [
    'flying is not null and key is not null and head is distinct from event_id',
    `' is in flight and not the head of its lane'`,
  ],
  ['(waits or due is not null) and home_key is distinct from key', `' rests without the key of its lane'`],
  [`waits and place is null and pending = '{}'`, `' waits for nothing: nobody will wake it'`],
  ['waits and key is not null and not laned', `' waits in a lane that is gone: nobody will wake it'`],
  [
    'waits and key is not null and laned and (place is null) <> (head = event_id)',
    `' waits, and its lane does not say so'`,
  ],
  ['place >= next_place', `' has place ' || place || ' of ' || next_place`],
];

/** A dependency that will not end any more, yet is still waited for. */
const LOST_WAKE_UP = `
select x.name || ' of ' || x.event_id || ' still waits for ' || y.name || ', which has ended' as fault
  from x join x y on y.event_id = x.event_id and y.op = any (x.pending)
 where (y.homes = 0 and y.outcome in (${COMPLETED}, ${SKIPPED}))
    or (y.dead is not null and x.on_dead <> 'block')`;
/** `replayed` ones aside: their dependents may have run before. */
const TOO_EARLY = `
select x.name || ' of ' || x.event_id || ' started before ' || y.name || ' had ended'
  from x join lateral (select o from stored s cross join jsonb_array_elements(s.operations) o
                        where s.event_id = x.event_id and o->>'name' = x.name) s on true
  join x y on y.event_id = x.event_id and s.o->'dependsOn' ? y.name
 where (x.flying is not null or x.started)
   and (num_nonnulls(y.flying, y.due, y.waiting) > 0 or (y.dead is not null and x.on_dead <> 'run'))
   and not $2::boolean`;
const HEADLESS = `
select 'lane ' || key || ' of ' || name || ' has a head that nobody will end: ' || head
  from lanes where not (coalesce(flies, false) or coalesce(due, false) or coalesce(waits, false))
   and not (blocked_by is not distinct from head and coalesce(dead, false))`;
const TWICE_IN_PLACE = `
select 'place ' || place || ' of lane ' || key || ' of ' || min(name) || ' is taken twice'
  from x where place is not null group by op, key, place having count(*) > 1`;

const STORE_FAULTS = {
  name: 'race-store-faults',
  text: `${EXECUTIONS}
${FAULTS.map(([condition, words]) => `select name || ' of ' || event_id || ${words} as fault from x where ${condition}`).join('\nunion all\n')}
union all ${LOST_WAKE_UP} union all ${TOO_EARLY} union all ${HEADLESS} union all ${TWICE_IN_PLACE}`,
};

/**
 * What is wrong with the store as far as these events go, in words: homes, fences, lanes, reasons to wait. Written
 * from docs/guarantees.md alone, so that the store's own view of itself is not asked.
 * @param over replayed: dependents may have started before what they depend on. Default false
 */
export async function storeFaults(
  pool: Queryable,
  eventIds: readonly string[],
  over: { replayed?: boolean } = {},
): Promise<string[]> {
  const { rows } = await pool.query<{ fault: string }>({
    ...STORE_FAULTS,
    values: [eventIds, over.replayed ?? false],
  });
  return rows.map((row) => row.fault);
}

/** Facts of executions, for a round's own words. */
export interface HomeFacts {
  eventId: string;
  operation: string;
  home: 'in_flight' | 'due' | 'waiting' | 'dead_letter' | null;
  /** Of the home, else the last one. */
  attempt: number;
  dueAt: Date | null;
  cancelled: boolean;
  rejected: boolean;
}

const HOMES = {
  name: 'race-homes',
  text: `${EXECUTIONS}
select event_id as "eventId", name as operation, cancelled, coalesce(cause = ${REJECTED}, false) as rejected,
       case when flying is not null then 'in_flight' when due is not null then 'due'
            when waiting is not null then 'waiting' when dead is not null then 'dead_letter' end as home,
       coalesce(flying, due, waiting, dead, last)::int as attempt,
       (select due_at from bus.due d where d.event_id = x.event_id and d.operation_id = x.op) as "dueAt"
  from x order by event_id, op`,
};

/** Where the executions of events are, by event id and operation. */
export async function homesOf(pool: Queryable, eventIds: readonly string[]): Promise<HomeFacts[]> {
  const { rows } = await pool.query<HomeFacts>({ ...HOMES, values: [eventIds] });
  return rows;
}

export interface OpenRow {
  eventId: string;
  operationId: number;
  home: 'in_flight' | 'due' | 'waiting';
  attempt: number;
  /** Its time has not come. */
  later: boolean;
}

const OPEN = {
  name: 'race-open',
  text: `select event_id as "eventId", operation_id as "operationId", 'in_flight' as home, attempt, false as later
       from bus.in_flight where event_id = any ($1::uuid[])
     union all select event_id, operation_id, 'due', attempt, due_at > clock_timestamp()
       from bus.due where event_id = any ($1::uuid[])
     union all select event_id, operation_id, 'waiting', attempt, false
       from bus.waiting where event_id = any ($1::uuid[])`,
};

/** What of these events has not ended. */
export async function openOf(pool: Queryable, eventIds: readonly string[]): Promise<OpenRow[]> {
  const { rows } = await pool.query<OpenRow>({ ...OPEN, values: [eventIds] });
  return rows;
}
