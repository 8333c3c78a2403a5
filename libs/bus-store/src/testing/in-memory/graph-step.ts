import type { OperationGraph, OperationState } from '@bus/contracts';
import { checkExpression, diffGraphs, graphFaults, type RunnableGraph } from '@bus/domain';
import type { ActivatedGraph, ActivationsOutcome, GraphActivation } from '../../operation-graphs';
import { FaultyGraphError } from '../../postgres/operation-graph.errors';
import { ReplayStep } from './replay-step';
import type { GraphRow } from './rows';

/** The configuration: graph versions and live settings. Nothing is audited here. */
export abstract class GraphStep extends ReplayStep {
  private lastGraphId = 0;
  private lastOperationId = 0;

  activeNow(): RunnableGraph[] {
    return [...this.graphs.values()]
      .filter((graph) => graph.active)
      .sort((a, b) => (a.eventType < b.eventType ? -1 : 1))
      .map((graph) => this.graphOf(graph.graphId));
  }

  byIdsNow(graphIds: readonly number[]): RunnableGraph[] {
    return graphIds.filter((graphId) => this.graphs.has(graphId)).map((graphId) => this.graphOf(graphId));
  }

  historyNow(eventType?: string, limit = 200): OperationGraph[] {
    return [...this.graphs.values()]
      .filter((graph) => eventType === undefined || graph.eventType === eventType)
      .sort((a, b) => b.graphId - a.graphId)
      .slice(0, limit)
      .map(({ active, activatedAtMs, operations, ...row }) => ({
        ...row,
        ...{ state: active ? 'active' : 'retired', operations: [...operations] },
        activatedAt: new Date(activatedAtMs),
      }));
  }

  /** @throws FaultyGraphError with every fault */
  activateAllNow(changes: readonly GraphActivation[]): ActivationsOutcome {
    const inOrder = [...changes].sort((a, b) => (a.eventType < b.eventType ? -1 : 1));
    const faults = inOrder.flatMap((change) => graphFaults(change, { checkExpression }, '/operations'));
    if (faults.length > 0) throw new FaultyGraphError(faults);
    for (const { eventType, expectedVersion } of inOrder) {
      const activeVersion = this.activeGraphOf(eventType)?.version ?? null;
      if (activeVersion !== expectedVersion) return { outcome: 'stale', eventType, activeVersion };
    }
    return this.transaction((): ActivationsOutcome => {
      const plans = inOrder.map((change) => this.compare(change));
      const moving = plans.filter((plan) => !plan.same);
      for (const { active } of moving)
        if (active) this.set(this.graphs, active.graphId, { ...active, active: false });
      this.saveOperations(moving.map(({ change }) => change));
      const graphs = plans.map((plan) => (plan.same ? unchanged(plan) : this.insertVersion(plan)));
      this.refuseSharedOperations();
      if (moving.length > 0) this.revision += 1;
      return { outcome: 'applied', graphs };
    });
  }

  /** False: no such operation. */
  setStateNow(operation: string, state: OperationState): boolean {
    const row = [...this.operations.values()].find(({ name }) => name === operation);
    if (!row) return false;
    if (row.state === state) return true;
    this.operations.set(row.operationId, { ...row, state });
    this.revision += 1;
    return true;
  }

  private compare(change: GraphActivation): Comparison {
    const active = this.activeGraphOf(change.eventType);
    const before = active ? this.graphOf(active.graphId).operations : [];
    const stateOf = new Map(before.map((operation) => [operation.name, operation.state]));
    const wanted = change.operations.map((operation) =>
      change.keepState?.includes(operation.name)
        ? { ...operation, state: stateOf.get(operation.name) ?? operation.state }
        : operation,
    );
    const difference = diffGraphs(before, wanted);
    return { change, active, same: Object.values(difference).every((list) => list.length === 0) };
  }

  private saveOperations(changes: readonly GraphActivation[]): void {
    const known = new Map([...this.operations.values()].map((row) => [row.name, row]));
    const keepState = changes.flatMap((change) => change.keepState ?? []);
    const operations = changes.flatMap((change) => change.operations);
    for (const settings of operations.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const { name, eventType, state } = settings;
      const before = known.get(name);
      const operationId = before?.operationId ?? (this.lastOperationId += 1);
      this.set(this.operations, operationId, {
        ...{ operationId, name, eventType, settings },
        state: before && keepState.includes(name) ? before.state : state,
        ...{ tokens: before?.tokens ?? null, refilledAtMs: before?.refilledAtMs ?? null },
      });
    }
  }

  private insertVersion({ change, active }: Comparison): ActivatedGraph {
    const { eventType, actor } = change;
    if (change.operations.length === 0)
      return { eventType, outcome: 'retired', graphId: null, version: active?.version ?? 0 };
    const idOf = new Map([...this.operations.values()].map((row) => [row.name, row.operationId]));
    const operations = change.operations.map((settings) => {
      return { ...settings, operationId: idOf.get(settings.name) as number };
    });
    const graphId = (this.lastGraphId += 1);
    let version = 1;
    for (const graph of this.graphs.values())
      if (graph.eventType === eventType) version = Math.max(version, graph.version + 1);
    this.set(this.graphs, graphId, {
      ...{ graphId, eventType, version, active: true, operations },
      ...{ activatedAtMs: this.nowMs(), activatedBy: actor },
    });
    return { eventType, outcome: 'activated', graphId, version };
  }

  /** An operation belongs to one event type. @throws FaultyGraphError */
  private refuseSharedOperations(): void {
    const seen = new Set<string>();
    const faults = [];
    for (const graph of this.graphs.values()) {
      if (!graph.active) continue;
      for (const { name } of graph.operations) {
        const message = `${name} is an operation of another event type already; an operation belongs to one event type`;
        if (seen.has(name)) faults.push({ path: `/operations/${name}/eventType`, message });
        seen.add(name);
      }
    }
    if (faults.length > 0) throw new FaultyGraphError(faults);
  }
}

interface Comparison {
  change: GraphActivation;
  active: GraphRow | undefined;
  same: boolean;
}

function unchanged({ change, active }: Comparison): ActivatedGraph {
  const { eventType } = change;
  const { graphId = null, version = 0 } = active ?? {};
  return { eventType, outcome: 'unchanged', graphId, version };
}
