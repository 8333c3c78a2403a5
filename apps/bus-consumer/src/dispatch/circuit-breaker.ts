/** So many failures in a row, and the service is taken to be away. */
const FAILURES_TO_OPEN = 10;
/** One probe per second and replica while open. */
const PROBE_EVERY_MS = 1000;

/**
 * Keeps calls from a service that answers nothing: open after 10 calls in a row that were refused, lost or timed out.
 * While open one probe a second goes out; any answer closes it, a `retry` too.
 */
export class CircuitBreaker {
  private failures = 0;
  private lastProbeMs = -Infinity;

  get isOpen(): boolean {
    return this.failures >= FAILURES_TO_OPEN;
  }

  /** How many executions may be claimed now, given that `free` slots are free. */
  allows(free: number, nowMs: number): number {
    if (!this.isOpen) return free;
    return free > 0 && nowMs - this.lastProbeMs >= PROBE_EVERY_MS ? 1 : 0;
  }

  /** A claim for the probe is under way. */
  probing(nowMs: number): void {
    if (this.isOpen) this.lastProbeMs = nowMs;
  }

  note(answered: boolean): void {
    this.failures = answered ? 0 : this.failures + 1;
  }
}
