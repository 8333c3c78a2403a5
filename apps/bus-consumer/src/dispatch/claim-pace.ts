import type { Clock } from '@bus/app-shell';
import { LIMITS } from '@bus/contracts';
import { leaseMsOf } from '@bus/domain';
import type { ClaimOutcome, ClaimRoom, LedgerPulse } from '@bus/store';
import type { ActiveGraphs } from '../graphs/active-graphs';
import type { ExecutionsInHand } from './executions-in-hand';

/** Rows of one claim, over all operations. */
const MOST_ROWS = 500;
/** Least room offered to an operation while several want some. */
const LEAST_SHARE = 32;
/** An operation with work in hand waits until a quarter of its slots is free, but no longer than this. */
const PATIENCE_MS = 100;
/** A rated operation is asked so often while it has due rows: its bucket fills half a second's tokens. */
const RATED_EVERY_MS = 200;
/** The low-water marks are forgotten so often: a row that a stepped clock put below them is found. */
const FULL_SCAN_MS = 5 * 60_000;

/** Decides for which operations a claim is worth its statement now, and with how much room. */
export class ClaimPace {
  private readonly known = new Set<number>();
  private readonly marks = new Map<number, string>();
  private readonly claimedMs = new Map<number, number>();
  private fullScanMs: number;

  constructor(
    private readonly inHand: ExecutionsInHand,
    private readonly graphs: ActiveGraphs,
    private readonly clock: Clock,
  ) {
    this.fullScanMs = clock.monotonicMs() + FULL_SCAN_MS;
  }

  /** Below an operation's mark nothing of it is due. */
  get lowWater(): ReadonlyMap<number, string> {
    return this.marks;
  }

  /** Some operation has rows that are due now, as far as is known. */
  get isExpecting(): boolean {
    return this.known.size > 0;
  }

  /** Rows are due that nothing keeps from being claimed: no rate, no open breaker, no want of slots or memory. */
  get isClaimable(): boolean {
    const { slots, window } = this.inHand;
    return (
      window.room > 0 &&
      [...this.known].some(
        (operationId) =>
          !this.graphs.operation(operationId)?.ratePerSecond &&
          !slots.breakerOpen(operationId) &&
          slots.free(operationId) > 0,
      )
    );
  }

  expect(operationId: number): void {
    this.known.add(operationId);
  }

  /** What the pulse saw, and what was hinted while it was under way. */
  see({ dueOperationIds, lowWater }: LedgerPulse, hinted: ReadonlySet<number>): void {
    this.known.clear();
    for (const operationId of dueOperationIds) this.known.add(operationId);
    for (const operationId of hinted) this.known.add(operationId);
    for (const [operationId, mark] of lowWater) this.marks.set(operationId, mark);
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.fullScanMs) return;
    this.fullScanMs = nowMs + FULL_SCAN_MS;
    this.marks.clear();
    for (const { operationId } of this.graphs.operations()) this.known.add(operationId);
  }

  /** Reserves slots for the next claim; the operations are not expected any more until somebody says so again. */
  reserve(): ClaimRoom[] {
    const nowMs = this.clock.monotonicMs();
    const ready = [...this.known].filter((operationId) => this.isWorthIt(operationId, nowMs));
    const share = Math.max(LEAST_SHARE, Math.floor(MOST_ROWS / Math.max(1, ready.length)));
    let left = Math.min(MOST_ROWS, this.inHand.window.room);
    const rooms: ClaimRoom[] = [];
    for (const operationId of ready) {
      const free = Math.min(this.inHand.slots.free(operationId), share, left);
      if (free < 1) continue;
      left -= free;
      this.inHand.slots.reserve(operationId, free);
      this.claimedMs.set(operationId, nowMs);
      this.known.delete(operationId);
      rooms.push(this.roomOf(operationId, free));
    }
    return rooms;
  }

  /** Gives back the slots that were not used, and keeps in mind who has more. */
  claimed(rooms: readonly ClaimRoom[], outcome: ClaimOutcome): void {
    const used = new Map<number, number>();
    for (const { operationId } of outcome.executions) used.set(operationId, (used.get(operationId) ?? 0) + 1);
    for (const { operationId, free, ratePerSecond } of rooms) {
      this.inHand.slots.release(operationId, free - (used.get(operationId) ?? 0));
      if (outcome.more.has(operationId) || ratePerSecond !== null) this.known.add(operationId);
    }
    for (const [operationId, mark] of outcome.lowWater) this.marks.set(operationId, mark);
  }

  /** Nobody knows what the claim did, or it was not made: its slots are free, the marks are forgotten. */
  failed(rooms: readonly ClaimRoom[]): void {
    if (rooms.length === 0) return;
    for (const { operationId, free } of rooms) {
      this.inHand.slots.release(operationId, free);
      this.known.add(operationId);
    }
    this.marks.clear();
  }

  private isWorthIt(operationId: number, nowMs: number): boolean {
    const free = this.inHand.slots.free(operationId);
    if (free < 1) return false;
    const waitedMs = nowMs - (this.claimedMs.get(operationId) ?? -Infinity);
    if (this.graphs.operation(operationId)?.ratePerSecond) return waitedMs >= RATED_EVERY_MS;
    if (this.inHand.slots.held(operationId) === 0 || waitedMs >= PATIENCE_MS) return true;
    return free * 4 >= this.inHand.slots.capacity(operationId);
  }

  private roomOf(operationId: number, free: number): ClaimRoom {
    const operation = this.graphs.operation(operationId);
    return {
      operationId,
      free,
      retries: this.inHand.slots.retryRoom(operationId),
      // Of an operation that only retired graphs have, nothing is known before its rows are read: the longest lease,
      // and a claim by itself, where its lanes and the rate of its row count.
      leaseMs: leaseMsOf(operation ?? { timeoutMs: LIMITS.operationTimeoutMs }),
      ordered: operation?.ordered ?? true,
      ratePerSecond: operation?.ratePerSecond ?? null,
      lowWater: this.marks.get(operationId) ?? null,
    };
  }
}
