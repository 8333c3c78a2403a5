import { Injectable } from '@nestjs/common';

/** Port: waiting. Bound to a virtual clock in simulations. */
export abstract class Timers {
  /** Runs once, `ms` from now. For seconds: what waits longer is a row of the store. @returns cancels it */
  abstract after(ms: number, run: () => void): () => void;
  /** Runs once, after everything that is ready now. */
  abstract soon(run: () => void): void;
}

@Injectable()
export class SystemTimers extends Timers {
  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }

  soon(run: () => void): void {
    setImmediate(run);
  }
}

/** Resolves after `ms`. */
export function pause(timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => timers.after(ms, resolve));
}

/** Delay before try `n` (from 1) of something that is away, in ms: 100, 200, 400 … at most 1,000; half of it random. */
export function backoffMs(tries: number, random: number): number {
  return Math.min(1000, 100 * 2 ** Math.min(tries - 1, 10)) * (0.5 + random / 2);
}
