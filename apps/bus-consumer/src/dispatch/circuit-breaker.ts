/** So many failures in a row, and the service is taken to be away. */
const FAILURES_TO_OPEN = 10;
/** One probe per second and replica while open. */
const PROBE_EVERY_MS = 1000;
/** After an outage what a service gets at a time is doubled so often, from 1. */
const DOUBLE_EVERY_MS = 10_000;

/**
 * Keeps calls from a service that answers nothing: open after 10 calls in a row that were refused, lost or timed out.
 * While open one probe a second goes out; any answer closes it, a `retry` too. A service that comes back is not
 * overrun: it gets 1 execution at a time, then twice as many every 10 s, until all slots are in use again.
 */
export class CircuitBreaker {
  private failures = 0;
  private lastProbeMs = -Infinity;
  private isProbeUnsent = false;
  /** When it closed after an outage. */
  private closedMs = -Infinity;

  get isOpen(): boolean {
    return this.failures >= FAILURES_TO_OPEN;
  }

  /** Some outage was seen: what it may have has to be asked by time. */
  get wasOpen(): boolean {
    return this.closedMs > -Infinity;
  }

  /** How many executions may be in hand, of `capacity` slots, while it is closed. */
  limit(capacity: number, nowMs: number): number {
    const doubled = Math.floor((nowMs - this.closedMs) / DOUBLE_EVERY_MS);
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
    if (answered && this.isOpen) this.closedMs = nowMs;
    this.failures = answered ? 0 : this.failures + 1;
  }
}
