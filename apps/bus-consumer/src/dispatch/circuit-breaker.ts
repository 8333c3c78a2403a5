/** So many failures in a row, and the service is taken to be away. */
const FAILURES_TO_OPEN = 10;
/** One probe per second and replica while open. */
const PROBE_EVERY_MS = 1000;
/** After an outage what a service gets at a time is doubled every sixth of its length, within these bounds, from 1. */
const DOUBLE_EVERY_MS = { least: 1_000, most: 10_000 };
const OUTAGE_PARTS = 6;

/**
 * Keeps calls from a service that answers nothing: open after 10 calls in a row that were refused, lost or timed out.
 * While open one probe a second goes out; any answer closes it, a `retry` too. A service that comes back is not
 * overrun: it gets 1 execution at a time, then twice as many every 10 s, sooner after a short outage (what has piled up
 * is as short), until all slots are in use again. docs/adr/0009-ramp-by-outage.md
 */
export class CircuitBreaker {
  private failures = 0;
  private lastProbeMs = -Infinity;
  private isProbeUnsent = false;
  /** When it closed after an outage. */
  private closedMs = -Infinity;
  private openedMs = -Infinity;
  private doubleEveryMs = DOUBLE_EVERY_MS.most;

  get isOpen(): boolean {
    return this.failures >= FAILURES_TO_OPEN;
  }

  /** How many executions may be in hand, of `capacity` slots, while it is closed. */
  limit(capacity: number, nowMs: number): number {
    const doubled = Math.floor((nowMs - this.closedMs) / this.doubleEveryMs);
    return doubled > 30 ? capacity : Math.min(capacity, 2 ** doubled);
  }

  /** How many executions may be claimed now, given that `held` of `capacity` slots are in use. */
  allows(capacity: number, held: number, nowMs: number): number {
    if (!this.isOpen) return Math.max(0, this.limit(capacity, nowMs) - held);
    return held < capacity && nowMs - this.lastProbeMs >= PROBE_EVERY_MS ? 1 : 0;
  }

  /** A claim for the probe is under way. */
  probing(nowMs: number): void {
    if (!this.isOpen) return;
    this.lastProbeMs = nowMs;
    this.isProbeUnsent = true;
  }

  /** Whether a call may leave now. True once per probe while open: what was queued before the outage stays unsent. */
  admits(): boolean {
    if (!this.isOpen) return true;
    const admitted = this.isProbeUnsent;
    this.isProbeUnsent = false;
    return admitted;
  }

  note(answered: boolean, nowMs: number): void {
    const wasOpen = this.isOpen;
    this.failures = answered ? 0 : this.failures + 1;
    if (!wasOpen && this.isOpen) this.openedMs = nowMs;
    if (wasOpen && answered) this.close(nowMs);
  }

  private close(nowMs: number): void {
    this.closedMs = nowMs;
    const part = (nowMs - this.openedMs) / OUTAGE_PARTS;
    this.doubleEveryMs = Math.min(DOUBLE_EVERY_MS.most, Math.max(DOUBLE_EVERY_MS.least, part));
  }
}
