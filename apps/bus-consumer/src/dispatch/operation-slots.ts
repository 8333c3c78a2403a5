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
/** Taken for the mean of an operation that has not ended a call yet: one that never will must not fill the window until
 *  its first calls time out. A fast one has a mean of its own after a hundred calls. */
const FIRST_MEAN_MS = 1000;
/** Weight of the newest call in the mean. */
const NEWEST = 0.05;
/** Of the slots retries get so much while fresh work is due. */
const RETRY_SHARE = 0.2;

interface Slots {
  /** Executions in memory: reserved, queued, calling, being written. */
  held: number;
  /** Those of them that are not a first attempt. */
  heldRetries: number;
  /** Claims made while the slots were too few to be shared: every fifth may take a retry. */
  fewSlotsClaims: number;
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
    if (slots.breaker.isOpen || slots.held >= this.limitOf(slots, operation)) return false;
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
    return slots.breaker.allows(capacity, slots.held, this.clock.monotonicMs());
  }

  /** All that it may hold now, for the caller to see what share is free. Less for a while after an outage. */
  capacity(operationId: number): number {
    return this.limitOf(this.of(operationId), this.graphs.operation(operationId) ?? OPERATION_DEFAULTS);
  }

  /**
   * Retries that a claim may take while fresh work is due: what is left of a fifth of the slots. Fewer than 5 slots
   * cannot be shared: there it is one retry in every fifth claim.
   */
  retryRoom(operationId: number): number {
    const slots = this.of(operationId);
    const share = Math.floor(this.capacity(operationId) * RETRY_SHARE);
    if (share > 0) return Math.max(0, share - slots.heldRetries);
    return slots.fewSlotsClaims++ % (1 / RETRY_SHARE) === 0 ? 1 : 0;
  }

  /** A retry came into memory (1) or left it (−1), beside what `reserve` and `release` count. */
  heldRetry(operationId: number, change: 1 | -1): void {
    this.of(operationId).heldRetries += change;
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
    const { breaker } = slots;
    breaker.note(answered, breaker.isOpen ? this.clock.monotonicMs() : 0); // the time counts where it closes
  }

  /** Whether a call may leave: while the breaker is open only the probe does. Asked once for each call. */
  mayCall(operationId: number): boolean {
    return this.slots.get(operationId)?.breaker.admits() ?? true;
  }

  breakerOpen(operationId: number): boolean {
    return this.slots.get(operationId)?.breaker.isOpen ?? false;
  }

  private limitOf(slots: Slots, operation: Pick<RunnableOperation, 'concurrency'>): number {
    const capacity = capacityOf(slots, operation);
    return slots.breaker.wasOpen ? slots.breaker.limit(capacity, this.clock.monotonicMs()) : capacity;
  }

  private of(operationId: number): Slots {
    let slots = this.slots.get(operationId);
    if (!slots) {
      slots = {
        held: 0,
        heldRetries: 0,
        fewSlotsClaims: 0,
        meanMs: FIRST_MEAN_MS,
        breaker: new CircuitBreaker(),
      };
      this.slots.set(operationId, slots);
    }
    return slots;
  }
}

function capacityOf(slots: Slots, operation: Pick<RunnableOperation, 'concurrency'>): number {
  // The mean nears what it is of, from above, and is never quite there.
  const endsInTime = (operation.concurrency * QUEUE_MS) / Math.max(slots.meanMs, 1) + 1e-6;
  return operation.concurrency + Math.min(WINDOW_EVENTS, Math.floor(endsInTime));
}
