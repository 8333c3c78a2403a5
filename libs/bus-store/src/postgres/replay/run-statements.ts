import { ATTEMPT_OUTCOMES } from '@bus/contracts';
import { REPLAY_WITHIN_DAYS } from '@bus/domain';
import { named } from '../connection';

const SKIPPED = ATTEMPT_OUTCOMES.indexOf('skipped');

/** Greatest number of executions of one transaction. */
export const MOST_IN_STEP = 100;
/** Share of a second's executions in one transaction: the rate holds within a quarter of a second. */
const STEPS_PER_SECOND = 4;

/** Reads its filter from `$1`, the JSON of a ReplayFilter; the event by primary key, one look-up each. */
const SELECTED = `
  from (select $1::jsonb as f) given
  cross join bus.dead_letter d
  join bus.operation o on o.operation_id = d.operation_id
  cross join lateral (
    select source, message_id, type, key from bus.event e where e.event_id = d.event_id offset 0) e
 where (f->>'operation' is null or o.name = f->>'operation')
   and (f->>'code' is null or d.code = f->>'code')
   and (f->>'diedFrom' is null or d.died_at >= (f->>'diedFrom')::timestamptz)
   and (f->>'diedTo' is null or d.died_at < (f->>'diedTo')::timestamptz)
   and (f->>'eventType' is null or e.type = f->>'eventType')
   and (f->>'source' is null or e.source = f->>'source')
   and (f->>'key' is null or e.key = f->>'key')
   and (jsonb_typeof(f->'messageIds') = 'null' or f->'messageIds' ? e.message_id)
   and (jsonb_typeof(f->'causes') = 'null' or f->'causes' @> to_jsonb(d.cause))`;

/** How many, by operation and cause. $1 filter, causes as numbers */
export const GROUPS = named(
  'replay.groups',
  `select o.name as operation, d.cause, count(*)::int as executions, count(distinct d.event_id)::int as events,
          min(d.died_at) as "earliestDiedAt", max(d.died_at) as "latestDiedAt"
   ${SELECTED} group by o.name, d.cause order by o.name, d.cause`,
);

/** $1 filter */
export const COUNT_EVENTS = named(
  'replay.count_events',
  `select count(distinct d.event_id)::int as events ${SELECTED}`,
);

/** Oldest events first. $1 filter */
export const SAMPLE = named(
  'replay.sample',
  `select d.event_id as "eventId", o.name as operation, d.attempt, d.cause, d.code, d.died_at as "diedAt",
          e.source, e.message_id as "messageId", e.type, e.key
   ${SELECTED} order by d.event_id, d.operation_id limit 20`,
);

/** What will be held, refused, or wait behind another. $1 filter */
export const WARNINGS = named(
  'replay.warnings',
  `
with chosen as materialized (
  select d.event_id, d.operation_id, o.name, o.state, e.key ${SELECTED}),
found as (
  select 'operation_' || state as code, name from chosen where state <> 'active'
  union all
  select 'lane_blocked', c.name from chosen c
    join bus.lane n on n.operation_id = c.operation_id and n.key = c.key
   where n.blocked_by <> c.event_id
  union all
  select 'too_old', c.name from chosen c
    left join bus.forced_run r using (event_id, operation_id)
   cross join lateral (
     select a.ended_at from bus.attempt a
      where a.event_id = c.event_id and a.operation_id = c.operation_id and a.outcome <> ${SKIPPED}
        and a.attempt > coalesce(r.attempt, 0)
      order by a.attempt limit 1) first
   where first.ended_at < (select clock_timestamp()) - interval '${REPLAY_WITHIN_DAYS} days')
select code, name as operation, count(*)::int as executions from found group by code, name order by code, name`,
);

const RUN = `run_id as "runId", state, filter, rate_per_second as "ratePerSecond", selected, replayed, conflicts, refused,
  actor, reason, created_at as "createdAt", ended_at as "endedAt"`;

/**
 * 0 rows: the key is taken. The count of what it selects is taken in the same statement.
 * $1 filter for selecting · $2 run id · $3 key or null · $4 filter as shown · $5 rate · $6 actor · $7 reason · $8 ip
 */
export const START_RUN = named(
  'replay.start_run',
  `insert into bus.replay_run (run_id, idempotency_key, state, filter, rate_per_second, selected, actor, reason, ip)
   select $2::uuid, $3, 'running', $4::jsonb, $5::int, (select count(*) ${SELECTED})::int, $6, $7, $8
   on conflict (idempotency_key) do nothing
   returning ${RUN}`,
);

/** Unique key. $1 key · $2 filter · $3 rate */
export const RUN_OF_KEY = named(
  'replay.run_of_key',
  `select ${RUN}, filter = $2::jsonb and rate_per_second = $3::int as same
     from bus.replay_run where idempotency_key = $1`,
);

/** Primary key. $1 run id */
export const FIND_RUN = named('replay.find_run', `select ${RUN} from bus.replay_run where run_id = $1`);

/** Primary key, backwards: run ids bear their time. $1 run id of the last row or null · $2 rows */
export const LIST_RUNS = named(
  'replay.list_runs',
  `select ${RUN} from bus.replay_run where $1::uuid is null or run_id < $1::uuid order by run_id desc limit $2`,
);

/** 0 rows: it has ended, is so already, or is not there. $1 run id · $2 state */
export const CHANGE_RUN = named(
  'replay.change_run',
  `update bus.replay_run set state = $2, ended_at = case when $2 = 'cancelled' then clock_timestamp() end
    where run_id = $1 and state in ('running', 'paused') and state <> $2
   returning ${RUN}`,
);

/** The run that has waited longest; its row lock is the lease. Index replay_run_next_at_idx. */
export const TAKE_RUN = named(
  'replay.take_run',
  `select run_id, filter, rate_per_second, actor, reason, ip, cursor_event_id, cursor_operation_id,
          created_at::text as created_at,
          least(${MOST_IN_STEP}, greatest(1, rate_per_second / ${STEPS_PER_SECOND})) as most
     from bus.replay_run where state = 'running' and next_at <= (select clock_timestamp())
    order by next_at limit 1 for update skip locked`,
);

/** `null`: none is running. */
export const NEXT_RUN = named(
  'replay.next_run',
  `select case when min(next_at) is not null
               then greatest(0, extract(epoch from min(next_at) - clock_timestamp()) * 1000)::float8 end as in_ms
     from bus.replay_run where state = 'running'`,
);

/**
 * The next dead letters after the cursor that died before the run began (dead_letter's primary key).
 * $1 filter · $2 run's start · $3–$4 cursor or null · $5 rows
 */
export const NEXT_PAGE = named(
  'replay.next_page',
  `select d.event_id, d.operation_id, d.attempt, o.name as operation ${SELECTED}
   and d.died_at < $2::timestamptz
   and ($3::uuid is null or (d.event_id, d.operation_id) > ($3::uuid, $4::int))
   order by d.event_id, d.operation_id limit $5`,
);

/**
 * Counts from the end of the work: in any time no more than the rate, and one step's. $1 run id · $2 done
 * $3 replayed · $4 conflicts · $5 refused · $6–$7 cursor
 */
export const ADVANCE_RUN = named(
  'replay.advance_run',
  `update bus.replay_run
      set replayed = replayed + $3::int, conflicts = conflicts + $4::int, refused = refused + $5::int,
          cursor_event_id = $6, cursor_operation_id = $7,
          next_at = clock_timestamp() + ($2::float8 / rate_per_second) * interval '1 s'
    where run_id = $1`,
);

/** $1 run id */
export const COMPLETE_RUN = named(
  'replay.complete_run',
  `update bus.replay_run set state = 'completed', ended_at = clock_timestamp() where run_id = $1`,
);
