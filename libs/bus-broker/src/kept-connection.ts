import type { BrokerLogger } from './broker-options';
import { LogSettingsError } from './broker.errors';
import { WakeLine } from './wake-line';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

export interface ConnectionSteps<T> {
  /** Connects, and checks what has to be checked anew with each connection. */
  open(): Promise<T>;
  close(connection: T): Promise<void>;
  /** Called with each new connection. */
  opened(): void;
  logger: BrokerLogger;
}

/** One connection that is opened again whenever it is lost, with a growing pause of at most 1 s. */
export class KeptConnection<T> {
  /** Undefined while there is none. */
  current: T | undefined;
  /** Why there is none. */
  fault: unknown;
  private readonly lost = new WakeLine();
  private readonly stopping = new WakeLine();
  private stopped = false;
  private waiting: (() => void)[] = [];
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly steps: ConnectionSteps<T>) {}

  /** Resolves when connected, or after `patienceMs` without: it goes on trying.
   *  @throws LogSettingsError where the log is not as promised, seen within that time */
  async start(patienceMs: number): Promise<void> {
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(done, patienceMs);
      this.running = this.keep((fault) => {
        if (fault !== undefined && !(fault instanceof LogSettingsError) && !this.stopped) return;
        clearTimeout(timer);
        if (!(fault instanceof LogSettingsError)) return done();
        this.stopped = true;
        fail(fault);
      });
    });
  }

  /** Gives a connection up: it is closed aside, and another one opened. A connection given up before is ignored. */
  lose(connection: T, fault: unknown): void {
    if (this.current !== connection) return;
    this.current = undefined;
    this.fault = fault;
    this.closeAside(connection);
    this.lost.wake();
  }

  /** Resolves when there is one. */
  async opening(): Promise<T> {
    while (this.current === undefined) await new Promise<void>((done) => this.waiting.push(done));
    return this.current;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.lost.wake();
    this.stopping.wake();
    await this.running;
    const last = this.current;
    this.current = undefined;
    if (last !== undefined) await this.steps.close(last);
  }

  private async keep(attempted: (fault?: unknown) => void): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.stopped) {
      try {
        const connection = await this.steps.open();
        this.current = connection;
        this.fault = undefined;
        pauseMs = FIRST_PAUSE_MS;
        attempted();
        this.steps.opened();
        for (const done of this.waiting.splice(0)) done();
        while (this.current === connection && !this.stopped) await this.lost.rest(60_000);
      } catch (fault) {
        this.fault = fault;
        const level = pauseMs === FIRST_PAUSE_MS ? 'warn' : 'debug'; // once for each time that it is away
        this.steps.logger(level, 'the broker is away; trying again', { cause: String(fault) });
        attempted(fault);
        if (!this.stopped) await this.stopping.rest(pauseMs);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
  }

  private closeAside(connection: T): void {
    this.steps.close(connection).catch((cause: unknown) => {
      this.steps.logger('debug', 'a lost connection did not close', { cause: String(cause) });
    });
  }
}
