import { toRunnableGraph, withLiveSettings, type RunnableGraph } from '@bus/domain';
import type { GraphRow } from './operation-graph-statements';

/** A version as it runs: its pinned settings, today's live ones. */
export function toGraph(row: GraphRow): RunnableGraph {
  const live = new Map(row.live.map((operation) => [operation.name, operation]));
  return toRunnableGraph(
    { graphId: row.graphId, eventType: row.eventType, version: row.version },
    row.operations.map((operation) => withLiveSettings(operation, live.get(operation.name))),
  );
}
