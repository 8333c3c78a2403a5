import { ATTEMPT_OUTCOMES, DEAD_CAUSES } from '@bus/contracts';
import type { QueryConfig } from 'pg';
import type { AttemptEnd } from '../../execution-ledger';
import { plainArray, sparseArray, sparseTextArray } from '../array-literal';
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

/** S2 for these ends. @param laneKeyOf the end's lane key, or `null` where its operation has no lane for it */
export function closeQuery(
  ends: readonly AttemptEnd[],
  laneKeyOf: (end: AttemptEnd) => string | null,
): QueryConfig {
  const column = <T>(value: (end: AttemptEnd) => T): T[] => ends.map(value);
  const ended = [
    plainArray(column((end) => end.eventId)),
    plainArray(column((end) => end.operationId)),
    plainArray(column((end) => end.attempt)),
    plainArray(column((end) => ATTEMPT_OUTCOMES.indexOf(end.outcome))),
    sparseTextArray(column((end) => end.code)),
    sparseTextArray(column((end) => end.reason)),
    sparseTextArray(column((end) => end.output)),
    sparseArray(column((end) => end.durationMs)),
  ];
  if (ends.every(({ after }) => after.kind === 'ended')) return ENDED([...ended, ends.length]);
  return FAILED([
    ...ended,
    plainArray(column((end) => (end.after.kind === 'again' ? end.after.inMs : null))),
    plainArray(column((end) => end.after.kind !== 'again' || end.after.counts)),
    plainArray(column((end) => (end.after.kind === 'again' ? end.after.maxAgeMs : null))),
    plainArray(column((end) => (end.after.kind === 'dead' ? DEAD_CAUSES.indexOf(end.after.cause) : null))),
    sparseTextArray(column(laneKeyOf)),
    ends.length,
  ]);
}

/** S2's answer: `1,2:0` is the first end, applied, and the second, which died of the first cause. */
export interface CloseAnswer {
  ended: string | null;
}

/** An end that was applied. `cause` not null: it died. */
export interface ClosedEnd {
  index: number;
  cause: number | null;
}

/** @param rows of `closeQuery` */
export function closedEnds([answer]: readonly CloseAnswer[]): ClosedEnd[] {
  if (!answer?.ended) return [];
  return answer.ended.split(',').map((text) => {
    const colon = text.indexOf(':');
    if (colon < 0) return { index: Number(text) - 1, cause: null };
    return { index: Number(text.slice(0, colon)) - 1, cause: Number(text.slice(colon + 1)) };
  });
}
