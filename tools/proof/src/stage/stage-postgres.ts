import { setTimeout as pause } from 'node:timers/promises';
import { startPostgres, waitForExit, type RunningPostgres } from '@bus/embedded-postgres';
import { childProcesses } from './child-processes';

/** A server of the stage that can be taken away and brought back, on the same port and data. */
export interface StageServer {
  /** `undefined` while it is down. */
  readonly pid: number | undefined;
  /** At once, by SIGKILL, with all it has started. Resolves when it is gone. */
  kill(): Promise<void>;
  /** In good order. */
  stop(): Promise<void>;
  /** Resolves when it answers. */
  start(): Promise<void>;
}

const GONE_WITHIN_MS = 10_000;
const TRIES = 5;
const BETWEEN_TRIES_MS = 500;

/** PostgreSQL as a server of the stage. */
export class StagePostgres implements StageServer {
  private server: RunningPostgres | undefined;

  /** @param options `durable` false: commits outlive processes alone, its own included */
  constructor(private readonly options: { dataDir: string; port: number; durable: boolean }) {}

  get pid(): number | undefined {
    return this.server?.pid;
  }

  /** Where its data lies; known once it has started. */
  get dataDir(): string {
    return this.server?.dataDir ?? this.options.dataDir;
  }

  /** Past any proxy. */
  get url(): string {
    return `postgres://bus@127.0.0.1:${this.options.port}/bus`;
  }

  async kill(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    // Its children lead sessions of their own: a signal to the group would not reach them.
    for (const pid of [server.pid, ...childProcesses(server.pid)]) send(pid);
    await waitForExit(server.pid, GONE_WITHIN_MS);
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    await server?.stop();
  }

  async start(): Promise<void> {
    if (this.server) return;
    for (let tried = 1; ; tried += 1) {
      try {
        this.server = await startPostgres({ ...this.options, durable: this.options.durable || 'processes' });
        return;
      } catch (error) {
        // Shared memory of the killed one may be in use for a moment longer.
        if (tried === TRIES) throw error;
        await pause(BETWEEN_TRIES_MS);
      }
    }
  }
}

function send(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
