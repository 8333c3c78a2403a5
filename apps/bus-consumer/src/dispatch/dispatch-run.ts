import { Injectable, Logger } from '@nestjs/common';
import { backoffMs, pause, Timers } from '../timers';
import { Dispatcher } from './dispatcher';
import { DueScheduler } from './due.scheduler';
import { LeaseScheduler } from './lease.scheduler';
import { LedgerSession } from './ledger-session';

/** How long calls may take to finish when the process stops; longer ones end as `unknown` after their lease. */
const FINISH_CALLS_MS = 20_000;

/** Dispatch from start to stop. */
@Injectable()
export class DispatchRun {
  private readonly logger = new Logger(DispatchRun.name);
  private isStopped = false;

  constructor(
    private readonly session: LedgerSession,
    private readonly due: DueScheduler,
    private readonly leases: LeaseScheduler,
    private readonly dispatcher: Dispatcher,
    private readonly timers: Timers,
  ) {}

  /** Registers this process start and loads the graphs: a store that is away is waited for. Then claims begin. */
  async start(): Promise<void> {
    for (let tries = 1; !this.isStopped; tries++) {
      try {
        await this.session.open();
        await this.session.graphs.refresh();
        this.due.start(() => void this.leases.sweep());
        return;
      } catch (error) {
        if (tries === 1)
          this.logger.warn({ err: error }, 'Postgres is away, or not migrated; waiting for it');
        await pause(this.timers, backoffMs(tries, 1));
      }
    }
  }

  /** No more claims. */
  async stopClaims(): Promise<void> {
    this.isStopped = true;
    await Promise.all([this.due.stop(), this.leases.stop()]);
  }

  /** Gives back the unsent, lets calls finish, writes all results. */
  async drain(): Promise<void> {
    await this.dispatcher.drain(FINISH_CALLS_MS);
  }
}
