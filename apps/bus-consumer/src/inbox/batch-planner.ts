import { Injectable } from '@nestjs/common';
import { Expressions, fanOut, type FilterVerdict, type RunnableGraph } from '@bus/domain';
import type { PlannedEvent } from '@bus/store';
import { ExecutionsInHand } from '../dispatch/executions-in-hand';
import { executionKey } from '../dispatch/held-execution';
import { ActiveGraphs } from '../graphs/active-graphs';
import type { DecodedEvent } from './decode-batch';

/** What a batch will do, with slots and room reserved for it. */
export interface BatchPlan {
  events: PlannedEvent[];
  /** Operations of which a slot is reserved, once for each execution. */
  slots: number[];
  /** Events that may still come into the window. */
  room: number;
  /** Operations for which no slot was free: they have rows that are due at once. */
  surplus: Set<number>;
  /** Executions whose filter said yes. */
  passed: Set<string>;
}

/** Plans the executions of fresh events under the graphs that are active now. */
@Injectable()
export class BatchPlanner {
  constructor(
    private readonly graphs: ActiveGraphs,
    private readonly expressions: Expressions,
    private readonly inHand: ExecutionsInHand,
  ) {}

  /** @param room events that may come into the window; what is beyond is planned without slots */
  async plan(events: readonly DecodedEvent[], room: number): Promise<BatchPlan> {
    const plan: BatchPlan = { events: [], slots: [], room, surplus: new Set(), passed: new Set() };
    const lanes = new Set<string>();
    for (const decoded of events) {
      const graph = this.graphs.active(decoded.event.type);
      // Without a filter nothing is waited for: a promise for each event of a batch would cost more than its plan.
      const verdicts = graph?.operations.some(isFiltered)
        ? await this.filter(decoded, graph, plan)
        : NO_VERDICTS;
      plan.events.push(this.planOne(decoded, graph, verdicts, plan, lanes));
    }
    return plan;
  }

  /** The transaction did not happen. */
  undo(plan: BatchPlan): void {
    for (const operationId of plan.slots) this.inHand.slots.release(operationId);
  }

  private async filter(
    decoded: DecodedEvent,
    graph: RunnableGraph,
    plan: BatchPlan,
  ): Promise<ReadonlyMap<number, FilterVerdict>> {
    let verdicts: Map<number, FilterVerdict> | null = null;
    const { eventId, messageId, source, type, key, occurredAt } = decoded.event;
    for (const operation of graph.operations) {
      if (!isFiltered(operation)) continue;
      const { operationId, filter } = operation;
      const input = { messageId, source, type, key, payload: decoded.payload as never, occurredAt };
      const verdict = await this.expressions.filter(filter, input);
      (verdicts ??= new Map()).set(operationId, verdict);
      if (verdict === 'yes') plan.passed.add(executionKey(eventId, operationId));
    }
    return verdicts ?? NO_VERDICTS;
  }

  private planOne(
    { event, identity, contentHash, record, twins }: DecodedEvent,
    graph: RunnableGraph | null,
    verdicts: ReadonlyMap<number, FilterVerdict>,
    plan: BatchPlan,
    lanes: Set<string>,
  ): PlannedEvent {
    const { offset } = record;
    if (!graph) return { event, offset, record, twins, identity, contentHash, graphId: null, executions: [] };
    let isHeld = false;
    const take = (operationId: number, laneKey: string | null): boolean => {
      if (laneKey !== null) {
        // Behind the first of its lane in this batch nothing starts.
        const lane = executionKey(laneKey, operationId);
        if (lanes.has(lane)) return false;
        lanes.add(lane);
      }
      if ((!isHeld && plan.room === 0) || !this.inHand.slots.take(operationId)) {
        plan.surplus.add(operationId);
        return false;
      }
      if (!isHeld) plan.room--;
      isHeld = true;
      plan.slots.push(operationId);
      return true;
    };
    const executions = fanOut(event, graph, { verdicts, take });
    const { graphId } = graph;
    return { event, offset, record, twins, identity, contentHash, graphId, executions };
  }
}

type Filtered = RunnableGraph['operations'][number] & { filter: string };

function isFiltered(operation: RunnableGraph['operations'][number]): operation is Filtered {
  return operation.filter !== null && operation.state !== 'disabled';
}

const NO_VERDICTS: ReadonlyMap<number, FilterVerdict> = new Map();
