import type { OperationSettings } from '@bus/contracts';

/** An operation as it runs: pinned settings of the event's own graph version, live settings of today. */
export interface RunnableOperation extends OperationSettings {
  operationId: number;
}

/** One graph version, ready to run. */
export interface RunnableGraph {
  graphId: number;
  eventType: string;
  version: number;
  operations: readonly RunnableOperation[];
  byId: ReadonlyMap<number, RunnableOperation>;
  /** Direct dependencies: operation id → ids of what it depends on. */
  dependencies: ReadonlyMap<number, readonly number[]>;
  /** Direct dependents: operation id → ids of what depends on it. */
  dependents: ReadonlyMap<number, readonly number[]>;
}

/** Links names to ids once, so that the hot path looks up only. */
export function toRunnableGraph(
  graph: { graphId: number; eventType: string; version: number },
  operations: readonly RunnableOperation[],
): RunnableGraph {
  const idOf = new Map(operations.map((operation) => [operation.name, operation.operationId]));
  const dependencies = new Map<number, number[]>();
  const dependents = new Map<number, number[]>();
  for (const operation of operations) {
    const ids = operation.dependsOn.flatMap((name) => idOf.get(name) ?? []);
    dependencies.set(operation.operationId, ids);
    for (const id of ids) dependents.set(id, [...(dependents.get(id) ?? []), operation.operationId]);
  }
  return {
    graphId: graph.graphId,
    eventType: graph.eventType,
    version: graph.version,
    operations,
    byId: new Map(operations.map((operation) => [operation.operationId, operation])),
    dependencies,
    dependents,
  };
}
