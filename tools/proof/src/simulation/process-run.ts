import { Clock } from '@bus/app-shell';
import { Timers } from '../../../../apps/bus-consumer/src/simulation';
import type { VirtualTime } from './virtual-time';

/** The database's clock at virtual time 0. */
export const EPOCH_MS = Date.UTC(2026, 5, 1);

export interface ProcessClocks {
  /** How far its wall clock is off at the start, and how it drifts, in parts per million. */
  wallOffsetMs: number;
  wallDriftPpm: number;
  /** Of its monotonic clock: crystals differ by some tens of ppm. */
  monotonicDriftPpm: number;
}

/**
 * One start of a process: all of its code runs through `enter`. Killed, nothing of it runs any more; stopped (SIGSTOP),
 * what comes in waits until it is resumed, while all clocks go on.
 */
export class ProcessRun {
  readonly clock: Clock;
  readonly timers: Timers;
  private state: 'running' | 'stopped' | 'killed' = 'running';
  private readonly waiting: (() => void)[] = [];

  constructor(
    readonly name: string,
    private readonly time: VirtualTime,
    readonly clocks: ProcessClocks,
    private readonly crashed: (process: string, error: unknown) => void,
  ) {
    const startedMs = time.nowMs;
    const paceOf = 1 + clocks.monotonicDriftPpm / 1e6;
    const monotonicMs = () => 1000 + (time.nowMs - startedMs) * paceOf;
    this.clock = new ProcessClock(() => this.wallMs(), monotonicMs);
    this.timers = new ProcessTimers(this, time, paceOf);
  }

  get isAlive(): boolean {
    return this.state !== 'killed';
  }

  get isStopped(): boolean {
    return this.state === 'stopped';
  }

  /** Its wall clock: what a program that trusts it takes for the time. */
  wallMs(): number {
    const { wallOffsetMs, wallDriftPpm } = this.clocks;
    return EPOCH_MS + this.time.nowMs * (1 + wallDriftPpm / 1e6) + wallOffsetMs;
  }

  enter(run: () => void): void {
    if (this.state === 'killed') return;
    if (this.state === 'stopped') {
      this.waiting.push(run);
      return;
    }
    try {
      run();
    } catch (error) {
      this.crashed(this.name, error);
    }
  }

  kill(): void {
    this.state = 'killed';
    this.waiting.length = 0;
  }

  stop(): void {
    if (this.state === 'running') this.state = 'stopped';
  }

  resume(): void {
    if (this.state !== 'stopped') return;
    this.state = 'running';
    for (const run of this.waiting.splice(0)) this.time.after(0, () => this.enter(run));
  }

  /** Something comes in from outside after `ms` of true time. */
  arrive(ms: number, run: () => void): void {
    this.time.after(ms, () => this.enter(run));
  }
}

class ProcessClock extends Clock {
  constructor(
    private readonly wallMs: () => number,
    override readonly monotonicMs: () => number,
  ) {
    super();
  }

  override now(): Date {
    return new Date(this.wallMs());
  }
}

class ProcessTimers extends Timers {
  constructor(
    private readonly process: ProcessRun,
    private readonly time: VirtualTime,
    private readonly paceOf: number,
  ) {
    super();
  }

  override after(ms: number, run: () => void): () => void {
    let isCancelled = false;
    // As Node does: never less than 1 ms.
    const event = this.time.after(Math.max(1, ms) / this.paceOf, () =>
      this.process.enter(() => {
        if (!isCancelled) run();
      }),
    );
    return () => {
      isCancelled = true;
      event.run = null;
    };
  }

  override soon(run: () => void): void {
    this.time.after(0, () => this.process.enter(run));
  }
}
