import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { waitUntilReady } from '@bus/local-bus';

export type ProofRole = 'producer' | 'consumer' | 'service';
export type ProofSignal = 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM';

export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ProofProcessOptions {
  name: string;
  role: ProofRole;
  /** The bundle that Node runs. */
  script: string;
  /** Before the script. */
  nodeArgs: readonly string[];
  env: Record<string, string>;
  /** Standard output and error of all its lives. */
  logFile: string;
  cwd: string;
  httpPort: number;
  rpcPort: number | null;
}

const SHORTEST_RESTART_MS = 300;
const LONGEST_RESTART_MS = 1_000;
const END_WITHIN_MS = 10_000;

/** One app as a process of its own, with the same ports over all its lives. */
export class ProofProcess {
  readonly name: string;
  readonly role: ProofRole;
  readonly logFile: string;
  readonly httpPort: number;
  readonly rpcPort: number | null;
  /** Of each life; `start` may add to it. */
  readonly env: Record<string, string>;
  /** Started again 0.3 to 1 s after it has ended unasked, as Kubernetes would. Default true. */
  restartAutomatically = true;
  /** Lives so far. */
  starts = 0;
  /** `performance.now()` of this life's start. */
  startedAtMs = 0;
  /** Hears of each end. */
  onEnd: (end: ProcessEnd) => void = () => undefined;
  private child: ChildProcess | undefined;
  private end: Promise<ProcessEnd> = Promise.resolve({ code: 0, signal: null });
  private restart: NodeJS.Timeout | undefined;
  private again: Record<string, string> = {};

  constructor(private readonly options: ProofProcessOptions) {
    this.name = options.name;
    this.role = options.role;
    this.logFile = options.logFile;
    this.httpPort = options.httpPort;
    this.rpcPort = options.rpcPort;
    this.env = options.env;
  }

  /** `undefined` while it is down. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Its process lives; it may be stopped, or not ready yet. */
  get isUp(): boolean {
    return this.child !== undefined;
  }

  /** The end of this life; of the last one while it is down. */
  get ended(): Promise<ProcessEnd> {
    return this.end;
  }

  /** Nothing where it is up. @param extraEnv of this life alone, not of those after it */
  start(extraEnv: Record<string, string> = {}): void {
    clearTimeout(this.restart);
    if (this.child) return;
    const { nodeArgs, script, cwd, logFile, httpPort, rpcPort } = this.options;
    const log = openSync(logFile, 'a');
    const ports = { HTTP_PORT: String(httpPort), ...(rpcPort === null ? {} : { RPC_PORT: String(rpcPort) }) };
    const child = spawn(process.execPath, [...nodeArgs, script], {
      cwd,
      env: { PATH: process.env.PATH, ...this.env, ...this.again, ...ports, ...extraEnv },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child = child;
    this.starts += 1;
    this.startedAtMs = performance.now();
    this.end = new Promise((done) => {
      const over = (code: number | null, signal: NodeJS.Signals | null) => {
        if (this.child !== child) return;
        this.child = undefined;
        done({ code, signal });
        this.onEnd({ code, signal });
        if (this.restartAutomatically) this.startLater();
      };
      child.once('exit', over);
      child.once('error', () => over(null, null));
    });
  }

  /** Settings of every later life, beside its own. */
  useFromNow(env: Record<string, string>): void {
    Object.assign(this.again, env);
  }

  /** @returns whether it was up to hear it */
  kill(signal: ProofSignal): boolean {
    return this.child?.kill(signal) ?? false;
  }

  /** @throws Error with its last answer when `withinMs` have passed */
  async ready(withinMs: number, signal?: AbortSignal): Promise<void> {
    try {
      await waitUntilReady(this.httpPort, withinMs, signal);
    } catch (error) {
      signal?.throwIfAborted();
      throw new Error(`${this.name}: ${(error as Error).message}; its log: ${this.logFile}`, {
        cause: error,
      });
    }
  }

  /** Ends it at once, and for good. */
  async close(): Promise<void> {
    this.restartAutomatically = false;
    clearTimeout(this.restart);
    if (!this.child) return;
    this.kill('SIGKILL');
    const giveUp = new Promise((done) => setTimeout(done, END_WITHIN_MS).unref());
    await Promise.race([this.end, giveUp]);
  }

  private startLater(): void {
    const spread = LONGEST_RESTART_MS - SHORTEST_RESTART_MS;
    const delayMs = SHORTEST_RESTART_MS + ((this.starts * 271) % spread);
    this.restart = setTimeout(() => this.restartAutomatically && this.start(), delayMs);
  }
}
