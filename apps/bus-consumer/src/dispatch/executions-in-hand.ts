import { Injectable } from '@nestjs/common';
import { Clock } from '@bus/app-shell';
import { leaseMsOf, type RunnableOperation } from '@bus/domain';
import type { Claimed, LoadedEvent } from '@bus/store';
import { ActiveGraphs } from '../graphs/active-graphs';
import type { HeldExecution } from './held-execution';
import { InFlightWindow } from './in-flight-window';
import { OperationSlots } from './operation-slots';

/** A call is not sent with less than its timeout and this left of the lease. */
const LEASE_MARGIN_MS = 1000;
/** A token of a rate is for now: a rated execution that is unsent after this is given back. */
const RATED_SEND_MS = 500;

/** How executions came in. */
export interface Arrival {
  /** Monotonic, from before the transaction that leased them. */
  startedMs: number;
  /** The lease that the transaction gave; default: 3 × the operation's timeout. */
  leaseMs?: (operationId: number) => number;
  /** Monotonic; default: not just now. */
  storedMs?: number;
  /** Default: no. */
  filterPassed?: (eventId: string, operationId: number) => boolean;
  /** Parsed payloads, where they are known. */
  payload?: (eventId: string) => unknown;
}

/** Every execution that is leased to this process and in its memory, with its slot and its event. */
@Injectable()
export class ExecutionsInHand {
  private count = 0;
  /** Name → end of the lease: calls that left and whose result cannot be written. */
  private readonly abandoned = new Map<string, number>();
  /** Monotonic time at which the last one left. */
  lastEndMs = -Infinity;

  constructor(
    readonly window: InFlightWindow,
    readonly slots: OperationSlots,
    private readonly graphs: ActiveGraphs,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.count;
  }

  /**
   * Takes what a committed transaction leased to this process; the slots are reserved already.
   * @returns in the same order; without those whose event is nowhere (their slot is free again, their lease will end)
   */
  take(claimed: Claimed, arrival: Arrival): HeldExecution[] {
    const read = new Map<string, LoadedEvent>();
    for (const event of claimed.events) read.set(event.eventId, event);
    const taken: HeldExecution[] = [];
    for (const one of claimed.executions) {
      const event = this.window.get(one.eventId)?.event ?? read.get(one.eventId);
      if (event) taken.push(this.hold(one, event, arrival));
      else this.slots.release(one.operationId);
    }
    return taken;
  }

  /** Monotonic. Read once for many: it is asked for several times an attempt. */
  nowMs(): number {
    return this.clock.monotonicMs();
  }

  /** Its end is written, or somebody else's. @param nowMs monotonic */
  drop(execution: HeldExecution, nowMs: number): void {
    const { held, operationId, attempt } = execution;
    if (held.remove(operationId, attempt)) this.count--;
    this.lastEndMs = nowMs;
    if (attempt > 1) this.slots.heldRetry(operationId, -1);
    this.slots.release(operationId);
    this.window.release(held);
  }

  /** Its result cannot be written: out of memory, but nobody may take it for unsent before its lease has ended. */
  abandon(execution: HeldExecution): void {
    const nowMs = this.clock.monotonicMs();
    for (const [name, leaseEndsMs] of this.abandoned) if (leaseEndsMs < nowMs) this.abandoned.delete(name);
    const { held, operationId, attempt, leaseEndsMs } = execution;
    this.abandoned.set(nameOf(held.event.eventId, operationId, attempt), leaseEndsMs);
    this.drop(execution, nowMs);
  }

  /** Leased to this process, and surely never called: its transaction's answer was lost. */
  isUnknown(eventId: string, operationId: number, attempt: number): boolean {
    if (this.has(eventId, operationId, attempt)) return false;
    return !this.abandoned.has(nameOf(eventId, operationId, attempt));
  }

  has(eventId: string, operationId: number, attempt: number): boolean {
    return this.window.get(eventId)?.has(operationId, attempt) ?? false;
  }

  /** Pinned settings of the event's own graph, live settings of now. */
  operationOf(execution: HeldExecution): RunnableOperation {
    const { graphId } = execution.held.event;
    const operation = this.graphs.graph(graphId).byId.get(execution.operationId);
    if (!operation) throw new RangeError(`graph ${graphId} has no operation ${execution.operationId}`);
    return operation;
  }

  /**
   * Whether its call must not leave any more: lease too short, token too old, paused or disabled meanwhile.
   * @param nowMs monotonic
   */
  isTooLate(execution: HeldExecution, operation: RunnableOperation, nowMs: number): boolean {
    if (operation.state !== 'active') return true;
    return (
      nowMs > execution.sendBeforeMs || nowMs + operation.timeoutMs + LEASE_MARGIN_MS > execution.leaseEndsMs
    );
  }

  private hold(one: Claimed['executions'][number], event: LoadedEvent, arrival: Arrival): HeldExecution {
    const { eventId, operationId, attempt, counted, inputs, forcedRuns } = one;
    const operation = this.graphs.graph(event.graphId).byId.get(operationId);
    const leaseMs = arrival.leaseMs?.(operationId) ?? (operation ? leaseMsOf(operation) : 0);
    const isRated = operation !== undefined && operation.ratePerSecond !== null;
    const held = this.window.hold(event, arrival.payload?.(eventId));
    if (held.add(operationId, attempt)) this.count++;
    if (attempt > 1) this.slots.heldRetry(operationId, 1);
    return {
      held,
      operationId,
      attempt,
      counted,
      inputs,
      forcedRuns,
      leaseEndsMs: arrival.startedMs + leaseMs,
      sendBeforeMs: isRated ? arrival.startedMs + RATED_SEND_MS : Infinity,
      filterPassed: arrival.filterPassed?.(eventId, operationId) ?? false,
      storedMs: arrival.storedMs ?? null,
    };
  }
}

/** A later attempt of the same execution may come in before an earlier one, long taken over, has ended here. */
function nameOf(eventId: string, operationId: number, attempt: number): string {
  return `${eventId}/${operationId}/${attempt}`;
}
