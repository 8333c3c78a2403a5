import { Injectable, Logger } from '@nestjs/common';

interface DrainStep {
  name: string;
  run: () => Promise<void>;
}

/**
 * The graceful stop. From `drain()` on the app is not ready; the doors (RPC, HTTP) refuse new work and finish what
 * runs, then the steps run one after another in order of registration, all within one time limit.
 */
@Injectable()
export class DrainState {
  private readonly logger = new Logger(DrainState.name);
  private readonly doors: DrainStep[] = [];
  private readonly steps: DrainStep[] = [];
  private running: Promise<boolean> | null = null;

  get draining(): boolean {
    return this.running !== null;
  }

  /** @param run resolves once nothing of this is left to do; a failure is logged and the next step runs */
  onDrain(name: string, run: () => Promise<void>): void {
    this.steps.push({ name, run });
  }

  /** A door drains before all steps, together with the other doors. */
  onDrainDoor(name: string, run: () => Promise<void>): void {
    this.doors.push({ name, run });
  }

  /** Runs once; later calls await the same. @returns false where the time limit cut it short */
  drain(limitMs = 25_000): Promise<boolean> {
    this.running ??= this.runAll(limitMs);
    return this.running;
  }

  private async runAll(limitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const all = (async (): Promise<true> => {
      await Promise.all(this.doors.map((door) => this.run(door)));
      for (const step of this.steps) await this.run(step);
      return true;
    })();
    const finished = await Promise.race([all, limit]);
    clearTimeout(timer);
    if (!finished) this.logger.warn(`drain cut short after ${limitMs} ms`);
    return finished;
  }

  private async run(step: DrainStep): Promise<void> {
    try {
      await step.run();
    } catch (error) {
      this.logger.error({ err: error, step: step.name }, 'a drain step failed');
    }
  }
}
