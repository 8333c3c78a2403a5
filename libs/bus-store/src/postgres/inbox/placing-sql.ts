import { ATTEMPT_OUTCOMES } from '@bus/contracts';
import { integerArrays, plainArray, textArray } from '../array-literal';
import { integerArray } from '../binary-array';
import type { PlannedRows } from './planned-rows';

const SKIPPED = ATTEMPT_OUTCOMES.indexOf('skipped');

/** How a statement says of the event at place `n` of its batch, counted from 1, ... */
export interface PlacedState {
  /** ... which it is: a uuid. */
  eventId(n: string): string;
  /** ... and whether its executions are placed at all: a boolean. */
  runs(n: string): string;
}

/** From a CTE `state(event_ids uuid[], runs boolean[])`: a subscript, not a join that the planner could get wrong. */
export const OF_STATE: PlacedState = {
  eventId: (n) => `(select event_ids from state)[${n}]`,
  runs: (n) => `(select runs from state)[${n}]`,
};

/** CTEs that fill one destination, and their parameters. `$` numbers the destination's own parameters from 0. */
interface Destination {
  sql($: (index: number) => string, dispatcher: string, state: PlacedState): string;
  values(rows: PlannedRows): unknown[];
}

const START =
  'insert into bus.in_flight (event_id, operation_id, attempt, counted, lease_until, dispatcher_id)';

const STARTED: Destination = {
  sql: ($, dispatcher, state) => `
started as (
  ${START}
  select ${state.eventId('x.n')}, x.operation_id, 1, 1,
         clock_timestamp() + x.lease_ms * interval '1 ms', ${dispatcher}::int
    from unnest(${$(0)}::int[], ${$(1)}::int[], ${$(2)}::int[]) as x(n, operation_id, lease_ms)
   where ${state.runs('x.n')})`,
  values: ({ started }) => [
    integerArray(started.map((row) => row.n)),
    integerArray(started.map((row) => row.execution.operationId)),
    integerArray(started.map((row) => row.execution.leaseMs)),
  ],
};

/** The same where each event starts the same operations, as those of one graph do: they are named once. */
const STARTED_ALIKE: Destination = {
  sql: ($, dispatcher, state) => `
started as (
  ${START}
  select ${state.eventId('e.n')}, x.operation_id, 1, 1,
         clock_timestamp() + x.lease_ms * interval '1 ms', ${dispatcher}::int
    from unnest(${$(0)}::int[]) as e(n)
   cross join unnest(${$(1)}::int[], ${$(2)}::int[]) as x(operation_id, lease_ms)
   where ${state.runs('e.n')})`,
  values: ({ started }) => {
    const each = startedByEach(started);
    const first = started.slice(0, each);
    return [
      integerArray(started.filter((_, index) => index % each === 0).map((row) => row.n)),
      integerArray(first.map((row) => row.execution.operationId)),
      integerArray(first.map((row) => row.execution.leaseMs)),
    ];
  },
};

/** How many executions each event starts, if all start the same operations with the same leases; else 0. */
function startedByEach(started: PlannedRows['started']): number {
  const next = started.findIndex((row) => row.n !== started[0].n);
  const each = next < 0 ? started.length : next;
  const isAlike = started.every(({ n, execution }, index) => {
    const like = started[index % each].execution;
    const sameEvent = n === started[index - (index % each)].n;
    return sameEvent && execution.operationId === like.operationId && execution.leaseMs === like.leaseMs;
  });
  return isAlike && started.length % each === 0 ? each : 0;
}

/** Never due before now: a claim's low-water mark must not pass a row that is still to come. */
const DUE: Destination = {
  sql: ($, _dispatcher, state) => `
later as (
  insert into bus.due (operation_id, due_at, event_id, attempt, counted, key, pending)
  select x.operation_id,
         greatest(coalesce(x.at, clock_timestamp()) + x.plus_ms * interval '1 ms', clock_timestamp()),
         ${state.eventId('x.n')}, 0, 0, x.key, x.pending::int[]
    from unnest(${$(0)}::int[], ${$(1)}::int[], ${$(2)}::timestamptz[], ${$(3)}::bigint[], ${$(4)}::text[],
                ${$(5)}::text[]) as x(n, operation_id, at, plus_ms, key, pending)
   where ${state.runs('x.n')})`,
  values: ({ due }) => [
    plainArray(due.map((row) => row.n)),
    plainArray(due.map((row) => row.execution.operationId)),
    textArray(due.map((row) => row.at)),
    plainArray(due.map((row) => row.plusMs)),
    textArray(due.map((row) => row.execution.laneKey)),
    integerArrays(due.map((row) => row.execution.pending)),
  ],
};

const WAITING: Destination = {
  sql: ($, _dispatcher, state) => `
dependent as (
  insert into bus.waiting (event_id, operation_id, attempt, counted, pending)
  select ${state.eventId('x.n')}, x.operation_id, 0, 0, x.pending::int[]
    from unnest(${$(0)}::int[], ${$(1)}::int[], ${$(2)}::text[]) as x(n, operation_id, pending)
   where ${state.runs('x.n')})`,
  values: ({ waiting }) => [
    plainArray(waiting.map((row) => row.n)),
    plainArray(waiting.map((row) => row.execution.operationId)),
    integerArrays(waiting.map((row) => row.execution.pending)),
  ],
};

/**
 * Lanes are locked or made in one go, keys ascending, and never looked into here. Whoever the lane names as its head
 * goes on, the others get the next places in log order: the lane counted them while it was locked.
 */
const LANED: Destination = {
  sql: ($, dispatcher, state) => `
laned as materialized (
  select ${state.eventId('x.n')} as event_id, x.operation_id, x.key collate "C" as key,
         x.pending::int[] as pending, x.slot, x.lease_ms, x.position,
         dense_rank() over (order by x.operation_id, x.key collate "C") as lane,
         row_number() over (partition by x.operation_id, x.key collate "C" order by x.position) as nth
    from unnest(${$(0)}::int[], ${$(1)}::int[], ${$(2)}::text[], ${$(3)}::text[], ${$(4)}::boolean[], ${$(5)}::int[])
           with ordinality as x(n, operation_id, key, pending, slot, lease_ms, position)
   where ${state.runs('x.n')}),
entered as (
  insert into bus.lane as l (operation_id, key, head_event_id, next_place)
  select operation_id, key, (array_agg(event_id order by position))[1], count(*)
    from laned group by operation_id, key order by operation_id, key
  on conflict (operation_id, key) do update set next_place = l.next_place + excluded.next_place
  returning operation_id, key, head_event_id, next_place),
lane as materialized (
  select array_agg(head_event_id order by operation_id, key collate "C") as heads,
         array_agg(next_place order by operation_id, key collate "C") as ends from entered),
size as materialized (
  select array_agg(length order by lane) as sizes from (select lane, count(*) as length from laned group by lane) s),
ranked as materialized (
  select d.*, (select heads from lane)[d.lane] = d.event_id as heads,
         (select ends from lane)[d.lane] - (select sizes from size)[d.lane] + d.nth - 1 as place from laned d),
headed as (
  insert into bus.in_flight (event_id, operation_id, attempt, counted, lease_until, dispatcher_id)
  select event_id, operation_id, 1, 1, clock_timestamp() + lease_ms * interval '1 ms', ${dispatcher}::int
    from ranked where heads and slot and pending = '{}'),
surplus as (
  insert into bus.due (operation_id, due_at, event_id, attempt, counted, key)
  select operation_id, clock_timestamp(), event_id, 0, 0, key
    from ranked where heads and not slot and pending = '{}'),
behind as (
  insert into bus.waiting (event_id, operation_id, attempt, counted, key, place, pending)
  select event_id, operation_id, 0, 0, key, case when heads then null else place end, pending
    from ranked where not heads or pending <> '{}')`,
  values: ({ laned }) => [
    plainArray(laned.map((row) => row.n)),
    plainArray(laned.map((row) => row.execution.operationId)),
    textArray(laned.map((row) => row.key)),
    integerArrays(laned.map((row) => row.execution.pending)),
    plainArray(laned.map((row) => row.slot)),
    plainArray(laned.map((row) => row.execution.leaseMs)),
  ],
};

const SKIPS: Destination = {
  sql: ($, _dispatcher, state) => `
skipped as (
  insert into bus.attempt_group (event_id, operation_id, attempt, outcome, code)
  select ${state.eventId('x.n')}, x.operation_id, 1, ${SKIPPED}, x.code
    from unnest(${$(0)}::int[], ${$(1)}::int[], ${$(2)}::text[]) as x(n, operation_id, code)
   where ${state.runs('x.n')})`,
  values: ({ skipped }) => [
    plainArray(skipped.map((row) => row.n)),
    plainArray(skipped.map((row) => row.execution.operationId)),
    plainArray(skipped.map((row) => row.code)),
  ],
};

/** Where rows go: `PlannedRows`, and one more way for those that start. */
export type DestinationName = keyof PlannedRows | 'startedAlike';

const DESTINATIONS: Record<DestinationName, Destination> = {
  started: STARTED,
  startedAlike: STARTED_ALIKE,
  due: DUE,
  waiting: WAITING,
  laned: LANED,
  skipped: SKIPS,
};

/** Destinations that have rows. A statement is prepared per set of them: for one event an unused one costs a tenth. */
export function destinationsOf(rows: PlannedRows): DestinationName[] {
  const names = Object.keys(rows) as (keyof PlannedRows)[];
  return names
    .filter((name) => rows[name].length > 0)
    .map((name) => (name === 'started' && startedByEach(rows.started) > 0 ? 'startedAlike' : name));
}

/**
 * CTEs, each with a comma before it, that place the executions of fresh events. Rows name their event by its place in
 * the batch.
 * `laned` is an expression: which laned rows started, by their places (from 1), as one text.
 * @param first number of the first parameter, the dispatcher
 */
export function placingSql(
  destinations: readonly DestinationName[],
  first: number,
  state: PlacedState = OF_STATE,
): { ctes: string; laned: string } {
  let next = first + 1;
  let ctes = '';
  for (const name of destinations) {
    const own = next;
    let used = 0;
    const $ = (index: number) => {
      used = Math.max(used, index + 1);
      return `$${own + index}`;
    };
    ctes += `,${DESTINATIONS[name].sql($, `$${first}`, state)}`;
    next += used;
  }
  const laned = destinations.includes('laned')
    ? `(select string_agg(position::text, ',') from ranked where heads and slot and pending = '{}')`
    : 'null::text';
  return { ctes, laned };
}

/** The parameters of `placingSql`, in its order. */
export function placingValues(
  destinations: readonly DestinationName[],
  rows: PlannedRows,
  dispatcherId: number,
): unknown[] {
  return [dispatcherId, ...destinations.flatMap((name) => DESTINATIONS[name].values(rows))];
}
