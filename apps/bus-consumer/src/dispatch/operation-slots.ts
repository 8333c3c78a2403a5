import { Injectable } from '@nestjs/common';
import { Clock } from '@bus/app-shell';
import { OPERATION_DEFAULTS } from '@bus/contracts';
import type { RunnableOperation } from '@bus/domain';
import type { SlotTaker } from '@bus/store';
import { ActiveGraphs } from '../graphs/active-graphs';
import { CircuitBreaker } from './circuit-breaker';
import { WINDOW_EVENTS } from './in-flight-window';

/** In memory is what an operation ends within this time. */
const QUEUE_MS = 2000;
/** Taken for the mean of an operation that has not run yet. */
const FIRST_MEAN_MS = 100;
/** Weight of the newest call in the mean. */
const NEWEST = 0.05;

interface Slots {
  /** Executions in memory: reserved, queued, calling, being written. */
  held: number;
  meanMs: number;
  breaker: CircuitBreaker;
}

/**
 * Slots of each operation in this replica: its `concurrency` calls, and as many executions queued as those end within
 * 2 s at the recent mean. What finds none stays in `due`, so that one operation never fills the memory of all.
 */
@Injectable()
export class OperationSlots implements SlotTaker {
  private readonly slots = new Map<number, Slots>();

  constructor(
    private readonly graphs: ActiveGraphs,
    private readonly clock: Clock,
  ) {}

  /** Synchronous, for work that was just stored or released. Rated work always passes `due`. */
  take(operationId: number): boolean {
    const operation = this.graphs.operation(operationId);
    if (!operation || operation.state !== 'active' || operation.ratePerSecond !== null) return false;
    const slots = this.of(operationId);
    if (slots.breaker.isOpen || slots.held >= capacityOf(slots, operation)) return false;
    slots.held++;
    return true;
  }

  release(operationId: number, count = 1): void {
    const slots = this.of(operationId);
    slots.held = Math.max(0, slots.held - count);
  }

  /**
   * Slots that a claim from `due` may reserve now; 0 for paused and disabled operations. A rated one gets what it can
   * call at once: unsent tokens would be lost.
   */
  free(operationId: number): number {
    const operation = this.graphs.operation(operationId);
    if (operation && operation.state !== 'active') return 0;
    const slots = this.of(operationId);
    const capacity =
      operation && operation.ratePerSecond !== null
        ? operation.concurrency
        : capacityOf(slots, operation ?? OPERATION_DEFAULTS);
    return slots.breaker.allows(Math.max(0, capacity - slots.held), this.clock.monotonicMs());
  }

  /** All that it may hold, for the caller to see what share is free. */
  capacity(operationId: number): number {
    return capacityOf(this.of(operationId), this.graphs.operation(operationId) ?? OPERATION_DEFAULTS);
  }

  /** Reserves what `free` said. */
  reserve(operationId: number, count: number): void {
    const slots = this.of(operationId);
    slots.held += count;
    slots.breaker.probing(this.clock.monotonicMs());
  }

  held(operationId: number): number {
    return this.slots.get(operationId)?.held ?? 0;
  }

  /** A call ended. @param answered false: refused, lost or timed out */
  called(operationId: number, durationMs: number, answered: boolean): void {
    const slots = this.of(operationId);
    slots.meanMs += (durationMs - slots.meanMs) * NEWEST;
    slots.breaker.note(answered);
  }

  breakerOpen(operationId: number): boolean {
    return this.slots.get(operationId)?.breaker.isOpen ?? false;
  }

  private of(operationId: number): Slots {
    let slots = this.slots.get(operationId);
    if (!slots) {
      slots = { held: 0, meanMs: FIRST_MEAN_MS, breaker: new CircuitBreaker() };
      this.slots.set(operationId, slots);
    }
    return slots;
  }
}

function capacityOf(slots: Slots, operation: Pick<RunnableOperation, 'concurrency'>): number {
  const endsInTime = (operation.concurrency * QUEUE_MS) / Math.max(slots.meanMs, 1);
  return operation.concurrency + Math.min(WINDOW_EVENTS, Math.floor(endsInTime));
}
