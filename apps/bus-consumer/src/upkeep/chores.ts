import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '@bus/app-shell';
import { Timers } from '../timers';

const TICK_MS = 1000;

interface Chore {
  name: string;
  everyMs: number;
  run: () => Promise<void>;
  nextMs: number;
  isRunning: boolean;
}

/** Work that comes again: first at the start, then `everyMs` after its last start; never twice at a time. */
@Injectable()
export class Chores {
  private readonly logger = new Logger(Chores.name);
  private readonly chores: Chore[] = [];
  private cancel: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly timers: Timers,
  ) {}

  /** @param run a failure is logged, and it runs again at its time, or after a minute where that is sooner */
  add(name: string, everyMs: number, run: () => Promise<void>): void {
    this.chores.push({ name, everyMs, run, nextMs: -Infinity, isRunning: false });
  }

  start(): void {
    this.tick();
  }

  stop(): void {
    this.cancel();
  }

  private tick(): void {
    const nowMs = this.clock.monotonicMs();
    for (const chore of this.chores)
      if (chore.nextMs <= nowMs && !chore.isRunning) void this.run(chore, nowMs);
    this.cancel = this.timers.after(TICK_MS, () => this.tick());
  }

  private async run(chore: Chore, nowMs: number): Promise<void> {
    chore.isRunning = true;
    chore.nextMs = nowMs + chore.everyMs;
    try {
      await chore.run();
    } catch (error) {
      chore.nextMs = nowMs + Math.min(chore.everyMs, 60_000);
      this.logger.warn({ err: error, chore: chore.name }, 'upkeep failed; it is tried again');
    } finally {
      chore.isRunning = false;
    }
  }
}
