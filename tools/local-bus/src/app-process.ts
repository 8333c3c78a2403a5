import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { restartDelayMs } from './backoff';

/** Up this long, an app counts as well again: the next death waits one second only. */
const WELL_AFTER_MS = 60_000;

export interface AppCommand {
  name: string;
  /** Arguments of Node. */
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
}

export interface AppEvents {
  /** One line of its standard output or error. */
  line(name: string, text: string): void;
  started(name: string, pid: number): void;
  /** It ended though nobody stopped it; it is started again after `restartInMs`. */
  died(name: string, how: string, restartInMs: number): void;
}

/** One app as a process of its own, started again (1 s, doubled to 30 s) each time it ends unasked. */
export class AppProcess {
  readonly name: string;
  private child: ChildProcess | undefined;
  private wanted = false;
  private deaths = 0;
  private restart: NodeJS.Timeout | undefined;

  constructor(
    private readonly command: AppCommand,
    private readonly events: AppEvents,
    private readonly delayMs: (deaths: number) => number = restartDelayMs,
  ) {
    this.name = command.name;
  }

  /** `undefined` while it is down. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    this.wanted = true;
    if (!this.child) this.spawnChild();
  }

  /** Asks it to end, waits, and kills it when the time is up. Not started again until `start`.
   *  @returns whether it ended by itself within `graceMs` */
  async stop(graceMs: number): Promise<boolean> {
    this.wanted = false;
    clearTimeout(this.restart);
    const child = this.child;
    if (!child) return true;
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    child.kill('SIGTERM');
    let killed = false;
    const kill = setTimeout(() => (killed = child.kill('SIGKILL')), graceMs);
    await ended;
    clearTimeout(kill);
    return !killed;
  }

  /** At once, without a chance to finish anything; not started again. */
  kill(): void {
    this.wanted = false;
    clearTimeout(this.restart);
    this.child?.kill('SIGKILL');
  }

  private spawnChild(): void {
    const { args, env, cwd } = this.command;
    // Its own process group: Ctrl-C reaches this process alone, which then stops the apps in order.
    const child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.child = child;
    const startedAt = performance.now();
    for (const stream of [child.stdout, child.stderr]) this.passLines(stream);
    child.once('spawn', () => this.events.started(this.name, child.pid as number));
    child.once('error', (error) => this.events.line(this.name, String(error)));
    child.once('close', (code, signal) => {
      this.child = undefined;
      if (this.wanted) this.startAgain(signal ?? `code ${code}`, performance.now() - startedAt);
    });
  }

  private passLines(stream: Readable): void {
    createInterface({ input: stream }).on('line', (text) => this.events.line(this.name, text));
  }

  private startAgain(how: string, upForMs: number): void {
    this.deaths = upForMs > WELL_AFTER_MS ? 1 : this.deaths + 1;
    const restartInMs = this.delayMs(this.deaths);
    this.events.died(this.name, how, restartInMs);
    this.restart = setTimeout(() => this.wanted && this.spawnChild(), restartInMs);
  }
}
