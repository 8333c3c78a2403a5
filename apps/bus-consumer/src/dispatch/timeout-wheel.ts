import { Injectable } from '@nestjs/common';
import { Clock } from '@bus/app-shell';
import { Timers } from '../timers';

/** Deadlines are kept to this grain: never early, at most one tick late. */
const TICK_MS = 25;

export interface Deadline {
  /** The call ended in time. */
  cancel(): void;
}

class WheelDeadline implements Deadline {
  private run: (() => void) | null;

  constructor(
    run: () => void,
    private readonly wheel: { size: number },
  ) {
    this.run = run;
  }

  cancel(): void {
    if (this.run) this.wheel.size--;
    this.run = null;
  }

  expire(): void {
    const run = this.run;
    this.cancel();
    run?.();
  }
}

/** Deadlines of all calls on one timer: a timer per call costs more than the call. The timer rests while there is none. */
@Injectable()
export class TimeoutWheel {
  /** Deadlines that are neither over nor cancelled. */
  size = 0;
  private readonly buckets = new Map<number, WheelDeadline[]>();
  private nextTick = 0;
  private isRunning = false;

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
  ) {}

  /** @param ms from `nowMs` @param run called once, never before its time @param nowMs monotonic; default: now */
  add(ms: number, run: () => void, nowMs = this.clock.monotonicMs()): Deadline {
    const deadline = new WheelDeadline(run, this);
    const tick = Math.ceil((nowMs + ms) / TICK_MS);
    const bucket = this.buckets.get(tick);
    if (bucket) bucket.push(deadline);
    else this.buckets.set(tick, [deadline]);
    this.size++;
    if (!this.isRunning) {
      this.isRunning = true;
      this.nextTick = Math.floor(nowMs / TICK_MS);
      this.wait();
    } else this.nextTick = Math.min(this.nextTick, tick);
    return deadline;
  }

  private wait(): void {
    this.timers.after(TICK_MS, () => this.turn());
  }

  private turn(): void {
    const tick = Math.floor(this.clock.monotonicMs() / TICK_MS);
    const over: WheelDeadline[] = [];
    if (tick - this.nextTick > this.buckets.size) {
      // The process stood still for a while: fewer buckets than ticks.
      for (const [at, bucket] of this.buckets) if (at <= tick) over.push(...this.takeBucket(at, bucket));
    } else {
      for (let at = this.nextTick; at <= tick; at++) over.push(...this.takeBucket(at, this.buckets.get(at)));
    }
    this.nextTick = tick + 1;
    for (const deadline of over) deadline.expire();
    if (this.size > 0) this.wait();
    else {
      this.isRunning = false;
      this.buckets.clear();
    }
  }

  private takeBucket(tick: number, bucket: WheelDeadline[] | undefined): WheelDeadline[] {
    this.buckets.delete(tick);
    return bucket ?? [];
  }
}
