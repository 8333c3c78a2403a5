import type { BrokerLogger } from './broker-options';
import type { RecordBatch } from './broker-record';
import type { BatchReceiver, PartitionLag } from './broker-subscriber';

/** Why a partition is not read now. `starting`: its position is not known yet. `backoff`: its last batch could not be
 *  stored. `stopped`: its position is outside of the log; for good. `grown`: the log grew by it, and the old ones
 *  are not drained, or the configured number does not count it. */
export type Hindrance = 'starting' | 'backoff' | 'stopped' | 'grown';

/** What a log holds of one partition: offsets from `start` up to, and without, `end`. */
export interface LogBounds {
  start: bigint;
  end: bigint;
}

const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 1_000;

/** One partition during one assignment: the position held, and why it rests. A new assignment makes new ones, so work
 *  that outlived its assignment is known by its object. */
export class PartitionProgress {
  /** Next offset to store; undefined while it is not known. */
  position: bigint | undefined;
  logStart = 0n;
  /** Of the log that the position belongs to. */
  logId = '';
  /** Where the log ended when it was looked at last. */
  knownEnd: bigint | undefined;
  /** Set while a gap in front of the position was sought once. */
  soughtFor: bigint | undefined;
  readonly hindrances = new Set<Hindrance>(['starting']);
  private failures = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(readonly partition: number) {}

  get readable(): boolean {
    return this.hindrances.size === 0;
  }

  /** Runs work of this partition one after another. */
  turn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.last.then(work);
    this.last = mine.catch(() => undefined);
    return mine;
  }

  /** Notes a failure. @returns how long to rest, in ms, at most 1,000 */
  failed(): number {
    this.hindrances.add('backoff');
    return Math.min(FIRST_BACKOFF_MS * 2 ** this.failures++, LONGEST_BACKOFF_MS);
  }

  moveTo(position: bigint): void {
    this.position = position;
    this.soughtFor = undefined;
    this.failures = 0;
  }
}

/** How far a partition is behind the log as it is now. */
export function lagOf(
  { partition, position, hindrances }: PartitionProgress,
  bounds: ReadonlyMap<number, LogBounds>,
): PartitionLag {
  const { start, end } = bounds.get(partition) ?? { start: 0n, end: 0n };
  const lag = end - (position ?? start);
  return { partition, lag: lag > 0n ? lag : 0n, ...(hindrances.has('grown') ? { held: true } : {}) };
}

/** Those that rest, and whose stored position is not the one held: the store was put back to an older state (a failover
 *  that lost commits), or a batch is just ending. One that moves meanwhile is being stored: its batches tell. */
export async function strayed(
  receiver: BatchReceiver,
  logId: string,
  progresses: readonly PartitionProgress[],
): Promise<PartitionProgress[]> {
  if (progresses.length === 0) return [];
  const before = new Map(progresses.map((progress) => [progress, progress.position]));
  const stored = await receiver.stored(logId);
  return progresses.filter(
    (progress) =>
      progress.position === before.get(progress) && stored.get(progress.partition) !== progress.position,
  );
}

/** Hands a batch to the receiver and notes where the partition stands then.
 *  @returns `stored`, `moved` (go on at the new position) or `failed` (the same batch again after a pause) */
export async function handOver(
  receiver: BatchReceiver,
  progress: PartitionProgress,
  batch: RecordBatch,
  logger: BrokerLogger,
): Promise<'stored' | 'moved' | 'failed'> {
  try {
    const outcome = await receiver.receive(batch);
    progress.moveTo(outcome.outcome === 'stored' ? batch.nextOffset : outcome.offset);
    return outcome.outcome === 'stored' ? 'stored' : 'moved';
  } catch (cause) {
    const { partition, nextOffset } = batch;
    logger('warn', 'a batch could not be stored; it comes again', {
      partition,
      nextOffset: String(nextOffset),
      cause: String(cause),
    });
    return 'failed';
  }
}
