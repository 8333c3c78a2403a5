import type { ExecutionSummary } from '@bus/contracts';
import { fanOut, type Expressions, type FilterVerdict, type RunnableGraph } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { RouteOutcome } from '../../execution-control';
import type { ChangeAuthor } from '../../operation-graphs';
import { writeAudit } from '../audit-statement';
import { TransactionAgain } from '../connection.errors';
import { EXECUTIONS } from '../control/control-statements';
import { placeEvents } from '../inbox/place-events';
import { ACTIVE_OF, type GraphRow } from '../operation-graph-statements';
import { toGraph } from '../to-graph';
import { lockEvents } from './lock-events';
import { READ_EVENT, ROUTE } from './replay-statements';

interface StoredEvent {
  event_id: string;
  source: string;
  message_id: string;
  type: string;
  key: string | null;
  payload: string;
  occurred_at: string;
  deliver_at: string | null;
  graph_id: number | null;
  identity: string;
}

/**
 * TX5, an event that was stored `unrouted` gets the graph that is active now, and its executions as at ingest: filters,
 * delays, lanes and dependencies; what could start is due at once.
 */
export async function routeEvent(
  client: PoolClient,
  eventId: string,
  author: ChangeAuthor,
  expressions: Expressions,
): Promise<RouteOutcome> {
  const outcome = await route(client, eventId, expressions);
  await writeAudit(client, {
    ...author,
    action: 'event.route',
    target: eventId,
    after: outcome.outcome === 'routed' ? { graphId: outcome.graphId } : null,
    result:
      outcome.outcome === 'routed' ? `routed by version ${outcome.version}` : `refused: ${outcome.outcome}`,
  });
  return outcome;
}

async function route(client: PoolClient, eventId: string, expressions: Expressions): Promise<RouteOutcome> {
  const [event] = (await client.query<StoredEvent>(READ_EVENT([eventId]))).rows;
  if (!event) return { outcome: 'not_found' };
  if (event.graph_id !== null) return { outcome: 'conflict' };
  const [active] = (await client.query<GraphRow>(ACTIVE_OF([event.type]))).rows;
  if (!active) return { outcome: 'no_graph' };
  const graph = toGraph(active);
  const verdicts = await filter(event, graph, expressions);

  const cancelled = (await lockEvents(client, [event.identity])).get(eventId);
  if (cancelled === true) return { outcome: 'cancelled' };
  const moved = await client.query(ROUTE([eventId, graph.graphId]));
  if (moved.rowCount !== 1)
    throw new TransactionAgain('the event was routed, or the graph changed, meanwhile');
  const executions = fanOut({ key: event.key, deliverAt: event.deliver_at }, graph, {
    verdicts,
    take: () => false,
  });
  await placeEvents(client, [{ event: { eventId }, executions }], 0);
  const { rows } = await client.query<ExecutionSummary>(EXECUTIONS([eventId]));
  return { outcome: 'routed', graphId: graph.graphId, version: graph.version, executions: rows };
}

async function filter(
  event: StoredEvent,
  graph: RunnableGraph,
  expressions: Expressions,
): Promise<ReadonlyMap<number, FilterVerdict>> {
  const verdicts = new Map<number, FilterVerdict>();
  const input = {
    messageId: event.message_id,
    source: event.source,
    type: event.type,
    key: event.key,
    payload: JSON.parse(event.payload) as never,
    occurredAt: event.occurred_at,
  };
  for (const operation of graph.operations)
    if (operation.filter !== null && operation.state !== 'disabled')
      verdicts.set(operation.operationId, await expressions.filter(operation.filter, input));
  return verdicts;
}
