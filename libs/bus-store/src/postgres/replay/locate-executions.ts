import type { RunnableGraph, RunnableOperation } from '@bus/domain';
import type { Queryable } from '../connection';
import { BY_IDS, type GraphRow } from '../operation-graph-statements';
import { toGraph } from '../to-graph';
import { LOCATE } from './replay-statements';

/** An execution with what never changes about it. */
export interface LocatedExecution {
  eventId: string;
  identity: string;
  /** The event's key, whether or not the operation is ordered. */
  key: string | null;
  /** Key of its lane; `null`: no lane. */
  laneKey: string | null;
  graph: RunnableGraph;
  operation: RunnableOperation;
}

interface LocatedRow {
  event_id: string;
  identity: string;
  type: string;
  key: string | null;
  graph_id: number | null;
}

/**
 * Finds executions by event and name of the operation, with live settings of now. Two statements, no locks.
 * @returns in the same order; `not_found`, or `unrouted` where the event has no graph
 */
export async function locateExecutions(
  client: Queryable,
  wanted: readonly { eventId: string; operation: string }[],
): Promise<(LocatedExecution | 'not_found' | 'unrouted')[]> {
  const { rows } = await client.query<LocatedRow>(LOCATE([[...new Set(wanted.map((one) => one.eventId))]]));
  const eventOf = new Map(rows.map((row) => [row.event_id, row]));
  const graphIds = [...new Set(rows.flatMap((row) => row.graph_id ?? []))];
  const graphs = graphIds.length === 0 ? [] : (await client.query<GraphRow>(BY_IDS([graphIds]))).rows;
  const graphOf = new Map(graphs.map((row) => [row.graphId, toGraph(row)]));
  return wanted.map((one) => {
    const event = eventOf.get(one.eventId);
    if (!event) return 'not_found';
    if (event.graph_id === null) return 'unrouted';
    const graph = graphOf.get(event.graph_id);
    const operation = graph?.operations.find(({ name }) => name === one.operation);
    if (!graph || !operation) return 'not_found';
    const { identity, key } = event;
    return { eventId: one.eventId, identity, key, laneKey: operation.ordered ? key : null, graph, operation };
  });
}
