import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';

/** A time in which the machine kept the witness waiting, ms since 1970. */
export interface Stall {
  fromMs: number;
  toMs: number;
}

const EVERY_MS = 50;
/** A timer and a commit that together take so long say that the machine had no time for them. */
const STALL_MS = 100;

/**
 * Looks at the machine, not at the bus: a timer of this process and a commit on the services' PostgreSQL, which does a
 * few commits a second, every 50 ms. On a shared machine both stand still at times for half a second, and with them
 * everything that a latency is measured of.
 */
export class MachineWitness {
  readonly stalls: Stall[] = [];
  private isOver = false;
  private readonly running: Promise<void>;

  constructor(private readonly pool: Pick<Pool, 'query'>) {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  private async run(): Promise<void> {
    for (let dueMs = Date.now() + EVERY_MS; !this.isOver; dueMs = Math.max(dueMs, Date.now()) + EVERY_MS) {
      await pause(Math.max(0, dueMs - Date.now()));
      try {
        await this.pool.query(`select pg_logical_emit_message(true, 'witness', '')`);
      } catch {
        continue; // the stage is closing: what it has seen stands
      }
      const toMs = Date.now();
      if (toMs - dueMs > STALL_MS) this.stalls.push({ fromMs: dueMs, toMs });
    }
  }
}
