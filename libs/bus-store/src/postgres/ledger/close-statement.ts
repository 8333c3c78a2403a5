import { ATTEMPT_OUTCOMES, DEAD_CAUSES } from '@bus/contracts';
import type { QueryConfig } from 'pg';
import type { AttemptEnd } from '../../execution-ledger';
import { plainArray, sparseArray, sparseTextArray } from '../array-literal';
import { integerArray, uuidArray } from '../binary-array';
import { named } from '../connection';
import { keyIs } from '../key-lookup';

/** What says no more than that it completed. */
const PLAIN = `outcome = ${ATTEMPT_OUTCOMES.indexOf('completed')} and code is null and reason is null and output is null`;

/**
 * The record of what `ended`: what plainly completed goes into one row with those of its event that did so in the same
 * attempt (docs/adr/0011): half of a close's WAL is the heads and index entries of rows. In key order, for the index.
 */
const LOGGED = `
together as (
  insert into bus.attempt_group (event_id, operation_id, attempt, outcome, duration_ms, dispatcher_id,
    other_operation_ids, other_duration_ms)
  select event_id, operation_ids[1], attempt, outcome, durations_ms[1], dispatcher_id,
         nullif(operation_ids[2:], '{}'), nullif(durations_ms[2:], '{}')
    from (select event_id, attempt, outcome, dispatcher_id,
                 array_agg(operation_id) as operation_ids, array_agg(duration_ms) as durations_ms
            from ended where ${PLAIN}
           group by event_id, attempt, outcome, dispatcher_id order by event_id) alike),
alone as (
  insert into bus.attempt_group (event_id, operation_id, attempt, outcome, code, reason, output, duration_ms, dispatcher_id)
  select event_id, operation_id, attempt, outcome, code, reason, output::json, duration_ms, dispatcher_id
    from ended where not (${PLAIN}))`;

/**
 * S2: ends attempts in one statement, guarded by their fence. Uses in_flight's primary key, in key order: two groups
 * that share rows (a late close and a sweep) take them in the same order. Where the table is so small that it is read
 * whole, they may deadlock; PostgreSQL ends one, which runs again. A lock on every row before its delete would rule that
 * out, at a third of the statement's time. The age test reads `event` by primary key for failed attempts only.
 * An end that is not in the answer was fenced off: its in_flight row is gone or bears another attempt. The answer is one
 * row, since the driver takes longer over a row than over the rest of an end: `closedEnds` reads it.
 * The limit is the number of ends. Of one that it does not know the planner expects a tenth: without it the general plan
 * looks dearer than one for the ends at hand, and every second close is planned anew.
 * $1 event ids · $2 operation ids · $3 attempts · $4 outcomes · $5 codes · $6 reasons · $7 outputs · $8 durations (ms)
 * $9 again in ms (null: not again) · $10 counts · $11 greatest age in ms (null: no test) · $12 dead causes · $13 lane keys
 * $14 number of ends
 */
const FAILED = named(
  'bus-close.failed',
  `
with result as materialized (
  select * from (
    select * from unnest($1::uuid[], $2::int[], $3::int[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::int[],
        $9::float8[], $10::boolean[], $11::float8[], $12::smallint[], $13::text[])
      with ordinality as r(event_id, operation_id, attempt, outcome, code, reason, output, duration_ms,
        again_in_ms, counts, max_age_ms, dead_cause, lane_key, position) limit $14::int) r
   order by event_id, operation_id),
gone as (
  delete from bus.in_flight f using result r
   where ${keyIs('f.event_id', 'r.event_id')} and f.operation_id = r.operation_id and f.attempt = r.attempt
  returning r.*, f.counted as counted_before, f.dispatcher_id),
ended as materialized (
  select g.*,
         case when g.dead_cause is not null then g.dead_cause
              when g.again_in_ms is not null and g.max_age_ms is not null
               and (select coalesce(e.deliver_at, e.stored_at) from bus.event e where e.event_id = g.event_id)
                   + g.max_age_ms * interval '1 ms' < (select clock_timestamp())
              then ${DEAD_CAUSES.indexOf('too_old')} end as cause
    from gone g),
again as (
  insert into bus.due (operation_id, due_at, event_id, attempt, counted, key)
  select operation_id, clock_timestamp() + again_in_ms * interval '1 ms', event_id, attempt,
         counted_before - case when counts then 0 else 1 end, lane_key
    from ended where again_in_ms is not null and cause is null),
dead as (
  insert into bus.dead_letter (event_id, operation_id, attempt, cause, code, reason)
  select event_id, operation_id, attempt, cause, code, reason from ended where cause is not null),
${LOGGED}
select string_agg(position || coalesce(':' || cause, ''), ',') as ended from ended`,
);

/** The same for a group of which nothing runs again and nothing died, as nearly all are: a third less work. $1 to $8 · $9 ends */
const ENDED = named(
  'bus-close',
  `
with result as materialized (
  select * from (
    select * from unnest($1::uuid[], $2::int[], $3::int[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::int[])
      with ordinality as r(event_id, operation_id, attempt, outcome, code, reason, output, duration_ms, position)
     limit $9::int) r
   order by event_id, operation_id),
ended as (
  delete from bus.in_flight f using result r
   where ${keyIs('f.event_id', 'r.event_id')} and f.operation_id = r.operation_id and f.attempt = r.attempt
  returning r.*, f.dispatcher_id),
${LOGGED}
select string_agg(position::text, ',') as ended from ended`,
);

/**
 * The same for ends that say no more than that they completed, as nearly all do: they come grouped by event, so that
 * neither their eight columns nor what has ended need be sorted and grouped here. Two thirds of the time of ENDED.
 * Answers `all`, or the places of those that were applied.
 * $1 event ids · $2 attempts · $3 places (from 1) of their first operations · $4 numbers of operations · $5 operation ids
 * $6 durations (ms) · $7 number of events
 */
const COMPLETED = named(
  'bus-close.completed',
  `
with result as materialized (
  select event_id, attempt, place, ($5::int[])[place:place + operations - 1] as operation_ids
    from (select * from unnest($1::uuid[], $2::int[], $3::int[], $4::int[])
            as r(event_id, attempt, place, operations) limit $7::int) r
   order by event_id),
ended as (
  delete from bus.in_flight f using result r
   where ${keyIs('f.event_id', 'r.event_id')} and f.operation_id = any (r.operation_ids) and f.attempt = r.attempt
  returning f.event_id, f.operation_id, f.attempt, f.dispatcher_id,
            r.place + array_position(r.operation_ids, f.operation_id) - 1 as place),
together as (
  insert into bus.attempt_group (event_id, operation_id, attempt, outcome, duration_ms, dispatcher_id,
    other_operation_ids, other_duration_ms)
  select event_id, operation_ids[1], attempt, ${ATTEMPT_OUTCOMES.indexOf('completed')}, durations_ms[1], dispatcher_id,
         nullif(operation_ids[2:], '{}'), nullif(durations_ms[2:], '{}')
    from (select event_id, attempt, dispatcher_id,
                 array_agg(operation_id) as operation_ids, array_agg(($6::int[])[place]) as durations_ms
            from ended group by event_id, attempt, dispatcher_id order by event_id) alike)
select case when (select count(*) from ended) < cardinality($5::int[])
            then (select coalesce(string_agg(place::text, ','), '') from ended) else 'all' end as ended`,
);

/** S2 for some ends. */
export interface CloseStatement {
  query: QueryConfig;
  /** Its answer. @returns the ends that were applied, by their index; what is missing was fenced off */
  applied(rows: readonly CloseAnswer[]): ClosedEnd[];
}

/** `1,2:0` is the first end, applied, and the second, which died of the first cause. */
export interface CloseAnswer {
  ended: string | null;
}

/** An end that was applied. `cause` not null: it died. */
export interface ClosedEnd {
  index: number;
  cause: number | null;
}

/** @param laneKeyOf the end's lane key, or `null` where its operation has no lane for it */
export function closeStatement(
  ends: readonly AttemptEnd[],
  laneKeyOf: (end: AttemptEnd) => string | null,
): CloseStatement {
  if (ends.every(isPlain)) return completedStatement(ends);
  const column = <T>(value: (end: AttemptEnd) => T): T[] => ends.map(value);
  const ended = [
    uuidArray(column((end) => end.eventId)),
    integerArray(column((end) => end.operationId)),
    integerArray(column((end) => end.attempt)),
    plainArray(column((end) => ATTEMPT_OUTCOMES.indexOf(end.outcome))),
    sparseTextArray(column((end) => end.code)),
    sparseTextArray(column((end) => end.reason)),
    sparseTextArray(column((end) => end.output)),
    sparseArray(column((end) => end.durationMs)),
  ];
  if (ends.every(({ after }) => after.kind === 'ended'))
    return { query: ENDED([...ended, ends.length]), applied: closedEnds };
  const query = FAILED([
    ...ended,
    plainArray(column((end) => (end.after.kind === 'again' ? end.after.inMs : null))),
    plainArray(column((end) => end.after.kind !== 'again' || end.after.counts)),
    plainArray(column((end) => (end.after.kind === 'again' ? end.after.maxAgeMs : null))),
    plainArray(column((end) => (end.after.kind === 'dead' ? DEAD_CAUSES.indexOf(end.after.cause) : null))),
    sparseTextArray(column(laneKeyOf)),
    ends.length,
  ]);
  return { query, applied: closedEnds };
}

type PlainEnd = AttemptEnd & { durationMs: number };

function isPlain(end: AttemptEnd): end is PlainEnd {
  const { after, outcome, code, reason, output, durationMs } = end;
  const isCompleted = after.kind === 'ended' && outcome === 'completed' && durationMs !== null;
  return isCompleted && code === null && reason === null && output === null;
}

function completedStatement(ends: readonly PlainEnd[]): CloseStatement {
  const byEvent = new Map<string, number[]>();
  ends.forEach(({ eventId, attempt }, index) => {
    const name = attempt === 1 ? eventId : `${eventId}/${attempt}`;
    const group = byEvent.get(name);
    if (group) group.push(index);
    else byEvent.set(name, [index]);
  });
  const groups = [...byEvent.values()];
  const order = groups.flat();
  let next = 1;
  const places = groups.map(({ length }) => (next += length) - length);
  const query = COMPLETED([
    uuidArray(groups.map(([first]) => ends[first].eventId)),
    integerArray(groups.map(([first]) => ends[first].attempt)),
    integerArray(places),
    integerArray(groups.map(({ length }) => length)),
    integerArray(order.map((index) => ends[index].operationId)),
    integerArray(order.map((index) => ends[index].durationMs)),
    groups.length,
  ]);
  const applied = (rows: readonly CloseAnswer[]): ClosedEnd[] =>
    rows[0]?.ended === 'all'
      ? ends.map((_, index) => ({ index, cause: null }))
      : closedEnds(rows).map(({ index, cause }) => ({ index: order[index], cause }));
  return { query, applied };
}

function closedEnds([answer]: readonly CloseAnswer[]): ClosedEnd[] {
  if (!answer?.ended) return [];
  return answer.ended.split(',').map((text) => {
    const colon = text.indexOf(':');
    if (colon < 0) return { index: Number(text) - 1, cause: null };
    return { index: Number(text.slice(0, colon)) - 1, cause: Number(text.slice(colon + 1)) };
  });
}
