import { CommitUnknownError, StoreUnavailableError } from '@bus/store';
import type { SeededRandom } from '../random';
import type { FaultCounts } from './fault-counts';
import type { ProcessRun } from './process-run';
import type { RunTrace } from './run-trace';
import type { VirtualTime } from './virtual-time';

/** What lies between all processes and the store, as it is now. */
export class StoreWeather {
  isAway = false;
  /** Added to each way, ms. */
  slowMs = 0;
  commitLost = { before: 0, after: 0 };
}

/** The connections of one process to the store. */
export class StoreLink {
  /** Called once, in the midst of the next transaction that writes: before or after its commit. */
  interrupt: (() => void) | null = null;
  /** This process alone cannot reach the store. */
  isAway = false;
  private cuts = 0;

  constructor(
    private readonly weather: StoreWeather,
    readonly process: ProcessRun,
    readonly time: VirtualTime,
    private readonly random: SeededRandom,
    readonly seen: { faults: FaultCounts; trace: RunTrace },
  ) {}

  /** All that is under way loses its connection: some of it was committed. */
  cut(): void {
    this.cuts++;
  }

  /**
   * One transaction, or one read: the way there, its moment, the way back.
   * A process that is killed meanwhile learns nothing, and the seed says whether its transaction was committed.
   */
  send<T>(what: string, run: () => Promise<T>, writes = true): Promise<T> {
    const { process, time, random, weather, seen } = this;
    const cutsBefore = this.cuts;
    return new Promise<T>((resolve, reject) => {
      if (writes && this.interrupt) {
        time.after(random.next() * 6, this.interrupt);
        this.interrupt = null;
      }
      const refuse = (error: Error) => process.arrive(this.wayMs(), () => reject(error));
      time.after(this.wayMs(), () => {
        const isOrphan = !process.isAlive || this.cuts !== cutsBefore;
        const isLost = isOrphan ? random.chance(0.5) : writes && random.chance(weather.commitLost.before);
        if (weather.isAway || this.isAway || isLost) {
          if (writes) seen.faults.add(isOrphan ? 'orphan-rolled-back' : 'commit-lost-before');
          seen.trace.add(time.nowMs, `${process.name} ${what} lost`);
          return refuse(writes ? new CommitUnknownError(LOST) : new StoreUnavailableError(LOST));
        }
        const isAnswerLost = writes && random.chance(weather.commitLost.after);
        run().then(
          (value) => {
            seen.trace.add(time.nowMs, `${process.name} ${what}${isAnswerLost ? ' answer lost' : ''}`);
            if (isAnswerLost) seen.faults.add('commit-lost-after');
            if (isAnswerLost || (isOrphan && process.isAlive)) refuse(new CommitUnknownError(LOST));
            else this.answer(writes, () => resolve(value));
          },
          (error: Error) => {
            seen.trace.add(time.nowMs, `${process.name} ${what} failed: ${error.message}`);
            refuse(error);
          },
        );
      });
    });
  }

  private answer(writes: boolean, run: () => void): void {
    this.time.after(this.wayMs(), () => {
      if (writes && !this.process.isAlive) this.seen.faults.add('orphan-committed');
      this.process.enter(run);
    });
  }

  private wayMs(): number {
    const isSlow = this.random.chance(0.03);
    return (
      this.weather.slowMs * this.random.next() +
      (isSlow ? this.random.between(10, 120) : 0.2 + this.random.next() * 2)
    );
  }
}

const LOST = new Error('Connection terminated unexpectedly');
