import { Injectable } from '@nestjs/common';
import { ExecutionLedger, type AttemptEnd, type Claimed, type CloseOutcome } from '@bus/store';
import { backoffMs, Timers } from '../timers';
import { ExecutionRecord } from './execution-record';
import type { HeldExecution } from './held-execution';
import { LedgerSession } from './ledger-session';

/** Ends of one close; docs/performance.md, "The hot path". */
const MOST_ENDS = 500;
const MOST_UNDER_WAY = 2;
/**
 * What the database will refuse again: data exceptions, broken constraints, faulty statements, exceeded limits.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const REFUSED = /^(22|23|42|54)/;

export interface Settled {
  end: AttemptEnd;
  /** `null`: an attempt of another dispatcher, past its lease. */
  execution: HeldExecution | null;
  /** Told once it is written, fenced off or let go. */
  done?: () => void;
}

/** What follows a close. */
export interface SettleListener {
  /** Written or fenced off: no longer in hand. @param nowMs monotonic */
  settled(execution: HeldExecution, nowMs: number): void;
  /** The database refuses its result. */
  abandoned(execution: HeldExecution): void;
  /** Dependents and heads of lanes that start now. */
  released(claimed: Claimed, startedMs: number): void;
}

/**
 * Group commit of ended attempts. The next close takes what piled up while others were under way (linger 0): at most
 * two closes, 500 ends each. A failed close keeps its ends and tries again; what waits is bounded, since its slots
 * stay taken.
 */
@Injectable()
export class SettleBatch {
  private queue: Settled[] = [];
  private underWay = 0;
  private failedInARow = 0;
  private limit = MOST_ENDS;
  private isScheduled = false;
  private lastError: unknown = null;
  private listener: SettleListener | null = null;
  private readonly idleWaiters: (() => void)[] = [];

  constructor(
    private readonly ledger: ExecutionLedger,
    private readonly session: LedgerSession,
    private readonly timers: Timers,
    private readonly record: ExecutionRecord,
  ) {}

  listen(listener: SettleListener): void {
    this.listener = listener;
  }

  add(end: AttemptEnd, execution: HeldExecution): void {
    this.queue.push({ end, execution });
    this.schedule();
  }

  /** Ends attempts whose dispatcher is gone. Resolves once all are written or fenced off. */
  async addForeign(ends: readonly AttemptEnd[]): Promise<void> {
    const written = ends.map(
      (end) => new Promise<void>((done) => this.queue.push({ end, execution: null, done })),
    );
    this.schedule();
    await Promise.all(written);
  }

  /** The last close failed: results wait in hand, and nothing past its lease is to be swept before them. */
  get isFailing(): boolean {
    return this.failedInARow > 0;
  }

  /** Resolves once every end that was added is written. */
  whenIdle(): Promise<void> {
    if (this.queue.length === 0 && this.underWay === 0) return Promise.resolve();
    return new Promise((go) => this.idleWaiters.push(go));
  }

  private schedule(): void {
    if (this.isScheduled || this.failedInARow > 0) return;
    this.isScheduled = true;
    this.timers.soon(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    while (this.queue.length > 0 && this.underWay < MOST_UNDER_WAY && this.failedInARow === 0)
      this.closeNext();
    if (this.queue.length === 0 && this.underWay === 0) this.idleWaiters.splice(0).forEach((go) => go());
  }

  private closeNext(): void {
    const batch = this.queue.splice(0, this.limit);
    this.underWay++;
    void this.close(batch).then((done) => {
      this.underWay--;
      if (done) this.flush();
      else this.retryLater(batch);
    });
  }

  private async close(batch: Settled[]): Promise<boolean> {
    const ends = batch.map((settled) => settled.end);
    try {
      await this.session.run(
        (context) => this.ledger.close(ends, context),
        (outcome, startedMs) => this.closed(batch, outcome, startedMs),
      );
      return true;
    } catch (error) {
      this.record.closeFailed(ends.length, error);
      this.lastError = error;
      return false;
    }
  }

  private closed(batch: readonly Settled[], outcome: CloseOutcome, startedMs: number): void {
    this.failedInARow = 0;
    this.limit = MOST_ENDS;
    const dead = new Set(outcome.dead);
    batch.forEach((settled, index) =>
      this.record.ended(settled, outcome.applied[index] === true, dead.has(index)),
    );
    this.record.tell();
    this.listener?.released(outcome.released, startedMs);
    const nowMs = this.session.clock.monotonicMs();
    for (const { execution, done } of batch) {
      if (execution) this.listener?.settled(execution, nowMs);
      done?.();
    }
    let dueInMs = outcome.dueNow ? 0 : Infinity;
    for (const { end } of batch) if (end.after.kind === 'again') dueInMs = Math.min(dueInMs, end.after.inMs);
    if (dueInMs < Infinity) this.session.hints.dueIn(dueInMs);
    this.session.hints.freed();
  }

  /**
   * The store is away: all of it again later. It refuses something: fewer at a time, the refused ones last, until the
   * one that cannot be written is alone. That one is let go: its lease ends, and the sweep closes it as unknown.
   */
  private retryLater(batch: Settled[]): void {
    this.failedInARow++;
    if (isRefusal(this.lastError)) {
      if (batch.length === 1) {
        for (const settled of batch) this.record.letGo(settled);
        for (const { execution, done } of batch) {
          if (execution) this.listener?.abandoned(execution);
          done?.();
        }
      } else {
        this.limit = Math.floor(batch.length / 2);
        this.queue.push(...batch);
      }
    } else this.queue.unshift(...batch);
    this.timers.after(backoffMs(this.failedInARow, 1), () => this.tryAgain());
  }

  /** One close as a probe; its success opens the way for the others. */
  private tryAgain(): void {
    if (this.underWay > 0) return;
    if (this.queue.length > 0) this.closeNext();
    else this.failedInARow = 0;
  }
}

function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return (
    (typeof code === 'string' && REFUSED.test(code)) ||
    error instanceof RangeError ||
    error instanceof TypeError
  );
}
