import type { IncomingEvent } from './incoming-event';
import type { FilterVerdict } from './expression';
import type { PlannedExecution, PlannedStart } from './planned-execution';
import type { RunnableGraph, RunnableOperation } from './runnable-graph';

/** What fan-out has to know beside the event and its graph. */
export interface FanOutContext {
  /** Verdicts of the operations that have a filter. `failed`: placed all the same, and judged before its call. */
  verdicts: ReadonlyMap<number, FilterVerdict>;
  /** Reserves a slot; false: none free, paused, rated or breaker open. Called at most once per execution. */
  take(operationId: number, laneKey: string | null): boolean;
}

/**
 * How each operation of the graph begins for a fresh event.
 * Filtered and disabled ones are `skipped` at once and satisfy their dependents. A delay of the event or of the
 * operation makes a row for `later`. The rest is placed; a slot is asked for only where nothing is pending.
 */
export function fanOut(
  event: Pick<IncomingEvent, 'key' | 'deliverAt'>,
  graph: RunnableGraph,
  context: FanOutContext,
): PlannedExecution[] {
  let skipped: Map<number, 'filtered' | 'disabled'> | null = null;
  for (const { operationId, state } of graph.operations) {
    if (state === 'disabled') (skipped ??= new Map()).set(operationId, 'disabled');
    else if (context.verdicts.get(operationId) === 'no') (skipped ??= new Map()).set(operationId, 'filtered');
  }
  return graph.operations.map((operation) => {
    const { operationId } = operation;
    const laneKey = operation.ordered ? event.key : null;
    const dependencies = graph.dependencies.get(operationId) ?? NONE;
    const pending = dependencies.length === 0 ? NONE : dependencies.filter((id) => !skipped?.has(id));
    const start = startOf(event, operation, skipped?.get(operationId), pending, laneKey, context);
    return { operationId, laneKey, pending, leaseMs: leaseMsOf(operation), start };
  });
}

/** Made once: each event has several of them. */
const NONE: readonly number[] = Object.freeze([]);
const WITH_SLOT: PlannedStart = Object.freeze({ kind: 'place', slot: true });
const WITHOUT_SLOT: PlannedStart = Object.freeze({ kind: 'place', slot: false });

/** No call leaves with less than its timeout and a second of the lease left: a short timeout needs more than thrice itself. */
const LEAST_LEASE_MS = 5000;

/** How long an attempt belongs to its dispatcher, in ms by the database clock: 3 × timeoutMs, at least 5 s. */
export function leaseMsOf(operation: Pick<RunnableOperation, 'timeoutMs'>): number {
  return Math.max(3 * operation.timeoutMs, LEAST_LEASE_MS);
}

function startOf(
  event: Pick<IncomingEvent, 'deliverAt'>,
  operation: RunnableOperation,
  skip: 'filtered' | 'disabled' | undefined,
  pending: readonly number[],
  laneKey: string | null,
  context: FanOutContext,
): PlannedStart {
  if (skip) return { kind: 'skipped', code: skip };
  if (event.deliverAt !== null || operation.delayMs > 0)
    return { kind: 'later', at: event.deliverAt, plusMs: operation.delayMs };
  return pending.length === 0 && context.take(operation.operationId, laneKey) ? WITH_SLOT : WITHOUT_SLOT;
}
