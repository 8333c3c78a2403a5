import { ATTEMPT_OUTCOMES, type ExecutionState, type OperationSettings } from '@bus/contracts';
import type { LogEnds } from '@bus/broker';
import { PostgresReconciliation } from '@bus/store';
import type {
  AttemptFacts,
  EffectFacts,
  Evidence,
  ExecutionFacts,
  InjectedFacts,
  OperationFacts,
  PersonAction,
  QuarantineFacts,
  ResourceSample,
  StoredEvent,
} from '../checker/evidence';
import { factsOf } from '../checker/facts-of';
import type { Stage } from '../stage/stage';
import { readHistory } from './history';
import { contentOf } from './planned-events';

export interface CollectOptions {
  stage: Stage;
  ends: LogEnds;
  historyPath: string;
  resources: ResourceSample[];
  people: PersonAction[];
  injected: InjectedFacts;
}

/** All that is known of a run, from the history's file, the bus's database and the services' database. */
export async function collectEvidence(options: CollectOptions): Promise<Evidence> {
  const { stage, ends } = options;
  const { publishes, cancels, reschedules } = readHistory(options.historyPath);
  const events = await storedEvents(stage);
  const names = new Map(events.map(({ eventId, event }) => [eventId, event]));
  const asked = new Map<string, number[]>();
  for (const { event, answer, deliverAtMs } of reschedules)
    if (answer !== 'too_late' && deliverAtMs !== undefined)
      asked.set(event, [...(asked.get(event) ?? []), deliverAtMs]);
  for (const event of events) {
    // Which of several came last is known of none that was not answered: the earliest is what may be relied on.
    const times = asked.get(event.event);
    if (times) event.deliverAtMs = Math.min(...times, event.deliverAtMs ?? Infinity);
  }
  return {
    publishes,
    cancels,
    reschedules,
    operations: await operationFacts(stage),
    events,
    executions: await executions(stage, names),
    attempts: await attempts(stage, names),
    effects: await effects(stage),
    quarantined: await quarantined(stage),
    partitions: await partitions(stage, ends),
    reconcileFaults: await reconcileFaults(stage),
    resources: options.resources,
    people: options.people,
    injected: options.injected,
  };
}

async function storedEvents(stage: Stage): Promise<StoredEvent[]> {
  const { rows } = await stage.pool.query<{
    event_id: string;
    source: string;
    message_id: string;
    type: string;
    key: string | null;
    payload: string;
    deliver_ms: number | null;
    stored_ms: number;
    partition: number;
    offset: string;
    cancelled: boolean;
    operations: OperationSettings[] | null;
  }>(
    `select e.event_id, e.source, e.message_id, e.type, e.key, e.payload, g.operations,
            extract(epoch from e.deliver_at)::float8 * 1000 as deliver_ms,
            extract(epoch from e.stored_at)::float8 * 1000 as stored_ms,
            e.broker_partition as partition, e.broker_offset::text as offset,
            i.cancelled_at is not null as cancelled
       from bus.event e
       left join bus.operation_graph g on g.graph_id = e.graph_id
       left join bus.event_identity i on i.identity = bus.identity_of(e.source, e.message_id)`,
  );
  return rows.map((row) => ({
    event: `${row.source} ${row.message_id}`,
    eventId: row.event_id,
    type: row.type,
    key: row.key,
    content: contentOf(JSON.parse(row.payload)),
    deliverAtMs: row.deliver_ms,
    partition: row.partition,
    offset: Number(row.offset),
    cancelled: row.cancelled,
    operations: (row.operations ?? []).map((operation) => operation.name),
    graph: (row.operations ?? []).map((settings) => factsOf(settings)),
    timeMs: row.stored_ms,
  }));
}

async function operationFacts(stage: Stage): Promise<OperationFacts[]> {
  const { rows } = await stage.pool.query<{ settings: OperationSettings; name: string; event_type: string }>(
    `select name, event_type, settings from bus.operation`,
  );
  return rows.map(({ settings, name, event_type: eventType }) => factsOf({ ...settings, name, eventType }));
}

async function executions(stage: Stage, names: ReadonlyMap<string, string>): Promise<ExecutionFacts[]> {
  const { rows } = await stage.pool.query<{
    event_id: string;
    operation: string;
    state: ExecutionState | null;
    homes: ExecutionFacts['homes'];
    explained: ExecutionFacts['explained'];
  }>(
    `select x.event_id, x.operation, x.state,
            array_remove(array[
              case when f.event_id is not null then 'in_flight' end,
              case when d.event_id is not null then 'due' end,
              case when w.event_id is not null then 'waiting' end,
              case when l.event_id is not null then 'dead_letter' end], null) as homes,
            case
              when w.event_id is not null and exists (select from bus.dead_letter dead
                where dead.event_id = w.event_id and dead.operation_id = any (w.pending)) then 'dependency_dead'
              when w.event_id is not null and exists (select from bus.lane n
                where n.operation_id = w.operation_id and n.key = w.key and n.blocked_by is not null)
                then 'lane_blocked'
            end as explained
       from bus.execution x
       left join bus.in_flight f using (event_id, operation_id)
       left join bus.due d using (event_id, operation_id)
       left join bus.waiting w using (event_id, operation_id)
       left join bus.dead_letter l using (event_id, operation_id)`,
  );
  return rows.map(({ event_id: id, ...facts }) => ({ event: names.get(id) ?? id, ...facts }));
}

/** Began: when PostgreSQL saw it enter `in_flight`. What was given back was never sent. */
async function attempts(stage: Stage, names: ReadonlyMap<string, string>): Promise<AttemptFacts[]> {
  const { rows } = await stage.pool.query<{
    event_id: string;
    operation: string;
    attempt: number;
    outcome: number;
    ended_ms: number;
    began_ms: number | null;
    lease_ms: number | null;
  }>(
    `select a.event_id, o.name as operation, a.attempt, a.outcome,
            extract(epoch from a.ended_at)::float8 * 1000 as ended_ms,
            extract(epoch from c.at)::float8 * 1000 as began_ms,
            extract(epoch from c.lease_until)::float8 * 1000 as lease_ms
       from bus.attempt a
       join bus.operation o using (operation_id)
       left join proof.claim c using (event_id, operation_id, attempt)`,
  );
  return rows.map((row) => {
    const outcome = ATTEMPT_OUTCOMES[row.outcome] ?? String(row.outcome);
    return {
      event: names.get(row.event_id) ?? row.event_id,
      operation: row.operation,
      attempt: row.attempt,
      outcome,
      startedMs: outcome === 'given_back' || outcome === 'skipped' ? null : row.began_ms,
      endedMs: row.ended_ms,
    };
  });
}

async function effects(stage: Stage): Promise<EffectFacts[]> {
  const { rows } = await stage.effects.query<{
    execution_id: string;
    source: string;
    message_id: string;
    operation: string;
    attempt: number;
    content: string;
    order: string;
    at_ms: number;
  }>(
    `select execution_id, source, message_id, operation, attempt, content, "order"::text as order,
            extract(epoch from at)::float8 * 1000 as at_ms
       from proof.effects`,
  );
  return rows.map((row) => ({
    executionId: row.execution_id,
    event: `${row.source} ${row.message_id}`,
    operation: row.operation,
    attempt: row.attempt,
    content: row.content,
    order: Number(row.order),
    atMs: row.at_ms,
  }));
}

async function quarantined(stage: Stage): Promise<QuarantineFacts[]> {
  const { rows } = await stage.pool.query<{ fault: string; headers: [string, string | null][] }>(
    `select fault, headers from bus.quarantine`,
  );
  return rows.map(({ fault, headers }) => {
    const header = (name: string) => {
      const value = headers.find(([found]) => found === name)?.[1];
      return value == null ? null : Buffer.from(value, 'base64').toString();
    };
    const [source, messageId] = [header('ce_source'), header('ce_id')];
    return { fault, event: source === null || messageId === null ? null : `${source} ${messageId}` };
  });
}

async function partitions(stage: Stage, ends: LogEnds): Promise<Evidence['partitions']> {
  const { logId, bounds } = await ends.read();
  const { rows } = await stage.pool.query<{ partition: number; next: string }>(
    `select partition, next_offset::text as next from bus.consumer_offset where log_id = $1`,
    [logId],
  );
  const stored = new Map(rows.map(({ partition, next }) => [partition, Number(next)]));
  return [...bounds].map(([partition, { start, end }]) => ({
    logId,
    partition,
    stored: stored.get(partition) ?? Number(start),
    logEnd: Number(end),
  }));
}

async function reconcileFaults(stage: Stage): Promise<string[]> {
  const faults = await new PostgresReconciliation(stage.pool).faults();
  return faults.map(
    ({ kind, eventId, operation, detail }) => `${kind}: ${operation} of ${eventId}: ${detail}`,
  );
}
