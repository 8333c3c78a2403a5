import { Clock } from '@bus/app-shell';
import { Timers } from '../timers';

/** A clock that stands until it is moved, and the timers on it. */
export class ManualTime extends Timers {
  private nowMs = 1000;
  private timers: { atMs: number; run: () => void }[] = [];
  readonly clock: Clock;

  constructor() {
    super();
    const monotonicMs = () => this.nowMs;
    this.clock = new (class extends Clock {
      override now(): Date {
        return new Date(1_700_000_000_000 + monotonicMs());
      }
      override monotonicMs(): number {
        return monotonicMs();
      }
    })();
  }

  /** Timers that are set. */
  get pending(): number {
    return this.timers.length;
  }

  override after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  override soon(run: () => void): void {
    setImmediate(run);
  }

  /** Moves the clock and runs what is due, in order; lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await settled();
      const [next] = this.timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = untilMs;
    await settled();
  }

  /** Time passes while the process stands still: timers run late, all at once. */
  async freeze(ms: number): Promise<void> {
    this.nowMs += ms;
    await this.advance(0);
  }
}

/** After everything that is ready now. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
