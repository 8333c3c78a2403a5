import { ATTEMPT_OUTCOMES } from '@bus/contracts';
import type { ClientBase, Pool } from 'pg';
import type { ClaimedExecution, DispatchContext, LoadedEvent } from '../../execution-ledger';
import { LOAD_EVENTS, LOAD_FORCED_RUNS, LOAD_OUTPUTS } from './release-statements';

interface EventRow {
  event_id: string;
  source: string;
  message_id: string;
  type: string;
  key: string | null;
  payload: string;
  traceparent: string | null;
  graph_id: number;
  occurred_at: string;
}

type Queryable = Pick<Pool | ClientBase, 'query'>;

/**
 * Completes claimed executions: the events that are not in memory, their graphs, and the outputs of completed
 * dependencies as `inputs`, and how often they were forced. At most three statements; none where nothing is missing:
 * a first attempt is never a forced one.
 */
export async function loadInputs(
  database: Queryable,
  executions: ClaimedExecution[],
  context: DispatchContext,
): Promise<LoadedEvent[]> {
  const missing = [...new Set(executions.map((one) => one.eventId))].filter((id) => !context.event(id));
  const events = missing.length > 0 ? await loadEvents(database, missing) : [];
  const byId = new Map(events.map((event) => [event.eventId, event]));
  await context.catalog.load(new Set(events.map((event) => event.graphId)));

  await loadForcedRuns(database, executions);
  const wanted: { execution: ClaimedExecution; dependencyId: number; name: string }[] = [];
  for (const execution of executions) {
    const event = byId.get(execution.eventId) ?? context.event(execution.eventId);
    if (!event) throw new RangeError(`event ${execution.eventId} has a home row but is not stored`);
    const graph = context.catalog.graph(event.graphId);
    const dependencies = graph.dependencies.get(execution.operationId) ?? [];
    if (dependencies.length > 0) execution.inputs = {};
    for (const dependencyId of dependencies)
      wanted.push({ execution, dependencyId, name: graph.byId.get(dependencyId)?.name ?? '' });
  }
  if (wanted.length === 0) return events;

  const { rows } = await database.query<{ event_id: string; operation_id: number; output: unknown }>(
    LOAD_OUTPUTS([
      wanted.map(({ execution }) => execution.eventId),
      wanted.map(({ dependencyId }) => dependencyId),
      ATTEMPT_OUTCOMES.indexOf('completed'),
    ]),
  );
  const outputOf = new Map(rows.map((row) => [`${row.event_id}/${row.operation_id}`, row.output]));
  for (const { execution, dependencyId, name } of wanted) {
    const output = outputOf.get(`${execution.eventId}/${dependencyId}`);
    if (execution.inputs && output !== undefined && output !== null) execution.inputs[name] = output;
  }
  return events;
}

async function loadForcedRuns(database: Queryable, executions: readonly ClaimedExecution[]): Promise<void> {
  const again = executions.filter((one) => one.attempt > 1);
  if (again.length === 0) return;
  const { rows } = await database.query<{ event_id: string; operation_id: number; runs: number }>(
    LOAD_FORCED_RUNS([again.map((one) => one.eventId), again.map((one) => one.operationId)]),
  );
  const runsOf = new Map(rows.map((row) => [`${row.event_id}/${row.operation_id}`, row.runs]));
  for (const one of again) one.forcedRuns = runsOf.get(`${one.eventId}/${one.operationId}`) ?? 0;
}

async function loadEvents(database: Queryable, eventIds: readonly string[]): Promise<LoadedEvent[]> {
  const { rows } = await database.query<EventRow>(LOAD_EVENTS([eventIds]));
  return rows.map((row) => ({
    eventId: row.event_id,
    source: row.source,
    messageId: row.message_id,
    type: row.type,
    key: row.key,
    payload: row.payload,
    occurredAt: row.occurred_at,
    traceparent: row.traceparent,
    graphId: row.graph_id,
  }));
}
