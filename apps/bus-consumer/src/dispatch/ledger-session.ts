import { Injectable } from '@nestjs/common';
import { Clock } from '@bus/app-shell';
import {
  ExecutionLedger,
  type AttemptEnd,
  type DispatchContext,
  type ExpiredExecution,
  type LoadedEvent,
  type SlotTaker,
} from '@bus/store';
import { ActiveGraphs } from '../graphs/active-graphs';
import { DueHints } from './due-hints';
import { ExecutionsInHand } from './executions-in-hand';
import type { HeldEvent } from './in-flight-window';

/** Ends of one close. */
const MOST_ENDS = 500;

/**
 * The transactions of one process start, under one dispatcher id. After one that failed nobody knows whether it was
 * committed: before the next one begins, all others are let finish and the rows that are leased to this dispatcher
 * and not in its hands are given back.
 */
@Injectable()
export class LedgerSession {
  private id: number | null = null;
  private underWay = 0;
  private inDoubt = false;
  private recovering: Promise<void> | null = null;
  private readonly idleWaiters: (() => void)[] = [];

  constructor(
    private readonly ledger: ExecutionLedger,
    readonly graphs: ActiveGraphs,
    readonly inHand: ExecutionsInHand,
    readonly clock: Clock,
    readonly hints: DueHints,
  ) {}

  /** New at every process start. @throws RangeError before `open` */
  get dispatcherId(): number {
    if (this.id === null) throw new RangeError('the dispatcher is not registered yet');
    return this.id;
  }

  async open(): Promise<void> {
    this.id ??= await this.ledger.register();
  }

  /**
   * Runs one transaction of the store and takes its outcome while the events that it saw are still held.
   * @param work the transaction; `context` is good for this one alone
   * @param take synchronous; `startedMs` is the monotonic time from before the transaction, where leases begin
   * @throws what `work` throws; whether it was committed is found out before the next one
   */
  async run<T, R>(
    work: (context: DispatchContext) => Promise<T>,
    take: (outcome: T, startedMs: number) => R,
  ): Promise<R> {
    while (this.inDoubt || this.recovering) await (this.recovering ??= this.recoverOwn());
    this.underWay++;
    const context = new PinningContext(this.dispatcherId, this.graphs, this.inHand);
    const startedMs = this.clock.monotonicMs();
    try {
      return take(await work(context), startedMs);
    } catch (error) {
      this.inDoubt = true;
      throw error;
    } finally {
      context.unpin();
      this.underWay--;
      if (this.underWay === 0) this.idleWaiters.splice(0).forEach((go) => go());
    }
  }

  /** Alone: no transaction is under way, so that every row of this dispatcher is either in hand or lost. */
  private async recoverOwn(): Promise<void> {
    try {
      if (this.underWay > 0) await new Promise<void>((go) => this.idleWaiters.push(go));
      const rows = await this.ledger.ownInFlight(this.dispatcherId);
      const lost = rows.filter((row) => this.inHand.isUnknown(row.eventId, row.operationId, row.attempt));
      while (lost.length > 0) {
        const context = new PinningContext(this.dispatcherId, this.graphs, this.inHand);
        await this.ledger.close(lost.slice(0, MOST_ENDS).map(givenBack), context);
        context.unpin();
        lost.splice(0, MOST_ENDS);
      }
      this.inDoubt = false;
    } finally {
      this.recovering = null;
    }
  }
}

function givenBack({ eventId, operationId, attempt, graphId, key }: ExpiredExecution): AttemptEnd {
  return {
    eventId,
    operationId,
    attempt,
    graphId,
    key,
    outcome: 'given_back',
    code: null,
    reason: null,
    output: null,
    durationMs: null,
    after: { kind: 'again', inMs: 0, counts: false, maxAgeMs: null },
  };
}

/** Keeps the events that the store was told of until the outcome was taken. */
class PinningContext implements DispatchContext {
  private readonly pinned = new Map<string, HeldEvent>();

  constructor(
    readonly dispatcherId: number,
    readonly catalog: ActiveGraphs,
    private readonly inHand: ExecutionsInHand,
  ) {}

  get slots(): SlotTaker {
    return this.inHand.slots;
  }

  event(eventId: string): LoadedEvent | undefined {
    let held = this.pinned.get(eventId) ?? this.inHand.window.get(eventId);
    if (!held) return undefined;
    if (!this.pinned.has(eventId)) {
      held = this.inHand.window.hold(held.event);
      this.pinned.set(eventId, held);
    }
    return held.event;
  }

  unpin(): void {
    for (const held of this.pinned.values()) this.inHand.window.release(held);
    this.pinned.clear();
  }
}
