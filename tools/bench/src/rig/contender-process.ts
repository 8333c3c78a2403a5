import { spawn, type ChildProcess } from 'node:child_process';
import type { WorkProfile } from '../bus/profile';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface ContenderOptions {
  name: string;
  /** Node, or another version of it. */
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string;
  /** What it writes; its end is in the error when it fails. */
  logFile: string;
  /** Ends it at once: what is asked of it may take minutes. */
  signal: AbortSignal;
}

/** Said by a contender as soon as its workers wait for work. */
export interface Ready {
  kind: 'ready';
  settings: Record<string, string>;
  versions: Record<string, string>;
}

export type Request =
  | { kind: 'drain'; events: number; batch: number; firstId: number; profile?: boolean; repeats?: boolean }
  | { kind: 'steady'; perSecond: number; seconds: number; firstId: number }
  | { kind: 'stop' };

/** The last result is durable: `ms` after the first event was given in. */
export interface Drained {
  kind: 'drained';
  ms: number;
  /** Stored results, counted in the store. */
  results: number;
  /** Where it was asked for; the bus's alone. */
  profile?: WorkProfile;
}

/** One per event: from the instant it was due to be published until its last result was durable. */
export interface Steadied {
  kind: 'steadied';
  latenciesMs: number[];
}

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;
const TOLD_CHARACTERS = 1_500;

/** A contender in a process of its own, asked over Node's IPC, one question at a time. */
export class ContenderProcess {
  private readonly ended: Promise<string>;
  private listener: ((message: { kind: string }) => void) | undefined;

  private constructor(
    private readonly options: ContenderOptions,
    private readonly child: ChildProcess,
  ) {
    this.ended = new Promise((done) => {
      child.once('error', (error) => done(error.message));
      child.once('exit', (code, signal) => done(`it ended with ${signal ?? `code ${code}`}`));
    });
    child.on('message', (message) => this.listener?.(message as { kind: string }));
  }

  /** @throws Error with the end of its log where it does not come up */
  static async start(options: ContenderOptions): Promise<{ process: ContenderProcess; ready: Ready }> {
    const log = openSync(options.logFile, 'w');
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { PATH: process.env.PATH, ...options.env },
      stdio: ['ignore', log, log, 'ipc'],
      signal: options.signal,
      killSignal: 'SIGKILL',
    });
    closeSync(log);
    const contender = new ContenderProcess(options, child);
    return { process: contender, ready: await contender.answer<Ready>('ready', READY_WITHIN_MS) };
  }

  get pid(): number {
    return this.child.pid as number;
  }

  drain(request: Omit<Extract<Request, { kind: 'drain' }>, 'kind'>, withinMs: number): Promise<Drained> {
    return this.ask<Drained>({ kind: 'drain', ...request }, 'drained', withinMs);
  }

  steady(request: Omit<Extract<Request, { kind: 'steady' }>, 'kind'>): Promise<Steadied> {
    const withinMs = request.seconds * 3_000 + 60_000;
    return this.ask<Steadied>({ kind: 'steady', ...request }, 'steadied', withinMs);
  }

  /** Any question of a contender of its own kind. */
  ask<A extends { kind: string }, R extends { kind: string } = { kind: string }>(
    request: R,
    kind: A['kind'],
    withinMs: number,
  ): Promise<A> {
    const answer = this.answer<A>(kind, withinMs);
    this.child.send(request);
    return answer;
  }

  async stop(): Promise<void> {
    if (this.child.connected) this.child.send({ kind: 'stop' } satisfies Request);
    const patience = setTimeout(() => this.child.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.ended;
    clearTimeout(patience);
  }

  private async answer<A extends { kind: string }>(kind: A['kind'], withinMs: number): Promise<A> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        new Promise<A>((done, fail) => {
          this.listener = (message) =>
            message.kind === kind
              ? done(message as A)
              : fail(this.failure((message as { message?: string }).message ?? `it said ${message.kind}`));
          timer = setTimeout(() => fail(this.failure(`no answer within ${withinMs / 1000} s`)), withinMs);
        }),
        this.ended.then((how) => Promise.reject(this.failure(how))),
      ]);
    } finally {
      clearTimeout(timer);
      this.listener = undefined;
    }
  }

  private failure(what: string): Error {
    const said = readFileSync(this.options.logFile, 'utf8').slice(-TOLD_CHARACTERS).trim();
    return new Error(`${this.options.name}: ${what}; ${this.options.logFile} ends with:\n${said}`);
  }
}
