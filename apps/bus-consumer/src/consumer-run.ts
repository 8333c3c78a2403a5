import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DrainState } from '@bus/app-shell';
import { DispatchRun } from './dispatch/dispatch-run';
import { LogReading } from './inbox/log-reading';
import { Chores } from './upkeep/chores';
import { StallWatch } from './upkeep/stall-watch';

/**
 * The life of this app: store, then dispatch, then reading, each waited for; stopped the other way round: no fetch, no
 * claim, calls finished, results written, the unsent given back.
 */
@Injectable()
export class ConsumerRun implements OnApplicationBootstrap {
  private readonly logger = new Logger(ConsumerRun.name);
  private starting: Promise<void> = Promise.resolve();

  constructor(
    private readonly dispatch: DispatchRun,
    private readonly reading: LogReading,
    private readonly chores: Chores,
    private readonly stallWatch: StallWatch,
    private readonly drain: DrainState,
  ) {}

  /** Does not wait: the app answers its health while store and broker are away. */
  onApplicationBootstrap(): void {
    this.starting = this.start();
    this.drain.onDrain('broker and claims', () => this.stopIntake());
    this.drain.onDrain('calls and results', () => this.dispatch.drain());
  }

  private async start(): Promise<void> {
    await this.dispatch.start();
    if (this.drain.draining) return;
    this.chores.start();
    await this.reading.start();
    this.stallWatch.reading(this.chores);
    if (!this.drain.draining) this.logger.log('reading the log');
  }

  private async stopIntake(): Promise<void> {
    this.chores.stop();
    await Promise.all([this.reading.stop(), this.dispatch.stopClaims()]);
    await this.starting;
  }
}
