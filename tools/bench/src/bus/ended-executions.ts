import type { ExecutionLedger } from '@bus/store';

/**
 * Sees at the ledger's port when an end is durable: a close resolves behind its COMMIT. Knows of every execution that
 * ended for good, and when.
 */
export class EndedExecutions {
  private readonly counts = new Map<number, number>();
  private readonly endsMs = new Map<string, Map<string, number>>();
  private waiter: { isDone: () => boolean; go: () => void } | undefined;
  private attempts = 0;
  private keepsTimes = true;

  /** @param nameOf an operation's name by its id */
  constructor(
    ledger: ExecutionLedger,
    private readonly nameOf: (operationId: number) => string,
  ) {
    const close = ledger.close.bind(ledger);
    ledger.close = async (ends, context) => {
      const outcome = await close(ends, context);
      const atMs = performance.now();
      this.attempts += ends.length;
      const hasDead = outcome.dead.length > 0;
      ends.forEach(({ eventId, operationId, after }, index) => {
        const isDead = hasDead && outcome.dead.includes(index);
        if (outcome.applied[index] && (after.kind !== 'again' || isDead))
          this.ended(eventId, operationId, atMs);
      });
      if (this.waiter?.isDone()) {
        this.waiter.go();
        this.waiter = undefined;
      }
      return outcome;
    };
  }

  /** Resolves once so many executions of each of these operations have ended since the last `reset`. */
  until(operations: readonly string[], count: number): Promise<void> {
    const isDone = () => operations.every((operation) => this.countOf(operation) >= count);
    return new Promise((go) => {
      if (isDone()) go();
      else this.waiter = { isDone, go };
    });
  }

  /** @param keepsTimes whether `endMs` will be asked: a note for each end is work that is not the bus's. Default true */
  reset(keepsTimes = true): void {
    this.keepsTimes = keepsTimes;
    this.counts.clear();
    this.endsMs.clear();
    this.attempts = 0;
  }

  /** Attempts that were closed, ended for good or not. */
  get closedAttempts(): number {
    return this.attempts;
  }

  /** When an event's execution ended, by `performance.now()`; NaN: not yet. */
  endMs(eventId: string, operation: string): number {
    return this.endsMs.get(eventId)?.get(operation) ?? NaN;
  }

  private countOf(operation: string): number {
    let sum = 0;
    for (const [operationId, count] of this.counts) if (this.nameOf(operationId) === operation) sum += count;
    return sum;
  }

  private ended(eventId: string, operationId: number, atMs: number): void {
    this.counts.set(operationId, (this.counts.get(operationId) ?? 0) + 1);
    if (!this.keepsTimes) return;
    const operation = this.nameOf(operationId);
    const ends = this.endsMs.get(eventId);
    if (ends) ends.set(operation, atMs);
    else this.endsMs.set(eventId, new Map([[operation, atMs]]));
  }
}
