import { DrainState } from '@bus/app-shell';
import { ReplaySteps } from '@bus/store';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';

/** Looks for runs that were started or resumed elsewhere, and after a failure. */
const LOOK_EVERY_MS = 1000;
/** Another replica is at the only run that may go on. */
const LOOK_AGAIN_MS = 50;

/**
 * Does the work of replay runs, step by step, as fast as their rates allow. Every replica of the console has one: the
 * run's row decides who does the next step, so that a run goes on where another process stopped.
 */
@Injectable()
export class ReplayScheduler implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ReplayScheduler.name);
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly steps: ReplaySteps,
    drain: DrainState,
  ) {
    drain.onDrain('replay runs', () => this.beforeApplicationShutdown());
  }

  onApplicationBootstrap(): void {
    this.after(0);
  }

  /** Resolves once the step under way has ended. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.working;
  }

  private after(ms: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.working = this.step().then((nextMs) => this.after(nextMs));
    }, ms);
  }

  /** Never rejects. @returns ms until the next look */
  private async step(): Promise<number> {
    try {
      const { outcome, runId, nextInMs } = await this.steps.next();
      if (outcome === 'ended') this.logger.log({ runId }, 'replay run completed');
      const leastMs = outcome === 'idle' ? LOOK_AGAIN_MS : 0;
      return Math.min(Math.max(nextInMs ?? LOOK_EVERY_MS, leastMs), LOOK_EVERY_MS);
    } catch (error) {
      this.logger.warn(
        { err: error },
        'a step of a replay run failed; nothing of it was done, it is tried again',
      );
      return LOOK_EVERY_MS;
    }
  }
}
