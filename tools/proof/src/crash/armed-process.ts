import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProofProcess } from '../stage/proof-process';
import type { CrashCell } from './crash-cell';
import { LEASE_MS } from './crash-stage';
import { crashEnv } from './preload/crash-order';

const READY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 20;
const END_WITHIN_MS = 15_000;
/** How long beyond its lease a stopped process stays so. */
const STOP_BEYOND_LEASE_MS = 5_000;

/** A process that ends or stops itself at the cell's point, once. */
export class ArmedProcess {
  /** Since when the marker is there, by `performance.now()`. */
  private reachedAtMs: number | null = null;
  private readonly markerFile: string;

  constructor(
    readonly process: ProofProcess,
    private readonly cell: CrashCell,
    dir: string,
  ) {
    this.markerFile = join(dir, `${cell.name}.marker`);
  }

  /** Of its HTTP interface. */
  get url(): string {
    return `http://127.0.0.1:${this.process.httpPort}`;
  }

  /** Whether it was reached. */
  get reached(): boolean {
    if (this.reachedAtMs === null && existsSync(this.markerFile)) this.reachedAtMs = performance.now();
    return this.reachedAtMs !== null;
  }

  /** Resolves when it is ready, or was there already. @throws Error with its last answer */
  async start(signal: AbortSignal): Promise<void> {
    const { point, signal: crash, hit } = this.cell;
    // Lives that end before their point come back armed, those after it don't: the marker is there then.
    this.process.useFromNow(crashEnv({ point: point.name, hit, signal: crash, markerFile: this.markerFile }));
    this.process.start();
    const giveUp = new AbortController();
    const ready = this.process.ready(READY_WITHIN_MS, AbortSignal.any([signal, giveUp.signal]));
    const over = ready.catch((error: unknown) => {
      if (!giveUp.signal.aborted) throw error;
    });
    try {
      while (
        !this.reached &&
        (await Promise.race([over.then(() => 'ready'), pause(LOOK_EVERY_MS)])) !== 'ready'
      );
    } finally {
      giveUp.abort(new Error('not waited for any more'));
    }
  }

  /** @returns whether it was reached within `withinMs` */
  async waitUntilReached(withinMs: number, signal: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!this.reached && performance.now() < deadline) {
      signal.throwIfAborted();
      await pause(LOOK_EVERY_MS);
    }
    return this.reached;
  }

  /** A stopped one goes on once its lease is over by 5 s; a killed one is back by itself. */
  async recover(signal: AbortSignal): Promise<void> {
    if (this.cell.signal === 'SIGSTOP') {
      const sinceMs = performance.now() - (this.reachedAtMs ?? performance.now());
      await pause(Math.max(0, LEASE_MS + STOP_BEYOND_LEASE_MS - sinceMs), undefined, { signal });
      this.process.kill('SIGCONT');
    }
    await this.process.ready(READY_WITHIN_MS, signal);
  }

  /** Ends it in good order, and for good. */
  async retire(): Promise<void> {
    this.process.restartAutomatically = false;
    this.process.kill('SIGCONT');
    if (this.process.kill('SIGTERM'))
      await Promise.race([this.process.ended, pause(END_WITHIN_MS, undefined, { ref: false })]);
    await this.process.close();
  }
}
