import { EventQueue, type QueuedEvent } from './event-queue';

/** Events run in one turn of Node's event loop, each in an immediate of its own: its promises settle before the next. */
const BURST = 64;

/** The one time of a world, in ms from 0. It moves from event to event; nothing waits for real time. */
export class VirtualTime {
  nowMs = 0;
  /** Events that have run. */
  events = 0;
  private readonly queue = new EventQueue();

  /** @returns to be cancelled by setting its `run` to null */
  at(atMs: number, run: () => void): QueuedEvent {
    return this.queue.add(Math.max(atMs, this.nowMs), run);
  }

  after(ms: number, run: () => void): QueuedEvent {
    return this.queue.add(this.nowMs + Math.max(0, ms), run);
  }

  /** Runs events until `isDone` holds, looked at before each, or until `untilMs`. @throws what an event throws */
  run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = 0;
      let hasEnded = false;
      const burst = () => {
        left = BURST;
        for (let at = 0; at < BURST; at++) setImmediate(step);
      };
      const step = () => {
        left--;
        if (hasEnded) return;
        try {
          hasEnded = !this.step(untilMs, isDone);
        } catch (error) {
          hasEnded = true;
          reject(error as Error);
        }
        if (hasEnded) resolve();
        else if (left === 0) burst();
      };
      burst();
    });
  }

  private step(untilMs: number, isDone: () => boolean): boolean {
    if (isDone()) return false;
    const next = this.queue.peek();
    if (!next || next.atMs > untilMs) {
      this.nowMs = Math.max(this.nowMs, untilMs);
      return false;
    }
    this.queue.take();
    this.nowMs = next.atMs;
    this.events++;
    next.run?.();
    return true;
  }
}
