import type { BrokerLogger } from '../broker-options';
import type { BatchReceiver } from '../broker-subscriber';
import { GrowthGate } from '../growth-gate';
import { type LogBounds, PartitionProgress, strayed } from '../partition-progress';
import type { Beat } from './log-membership';
import type { LogReader } from './log-reader';

/** The partitions that this replica reads, as the last beat gave them. */
export class PostgresPartitions {
  private logId = '';
  private assigned = new Map<number, PartitionProgress>();
  private loading = false;
  private gate = new GrowthGate();

  /** @param changed called when a partition may be read again, or has grown */
  constructor(
    private readonly receiver: BatchReceiver,
    private readonly reader: LogReader,
    private readonly logger: BrokerLogger,
    private readonly changed: () => void,
  ) {}

  all(): PartitionProgress[] {
    return [...this.assigned.values()];
  }

  readable(): PartitionProgress[] {
    return this.all().filter(({ readable }) => readable);
  }

  has(partition: number): boolean {
    return this.assigned.has(partition);
  }

  isCurrent(progress: PartitionProgress): boolean {
    return this.assigned.get(progress.partition) === progress;
  }

  /** Takes and gives up partitions, and sees which have grown. Another log means that all begin anew. */
  follow({ logId, bounds, mine }: Beat): void {
    if (logId !== this.logId) this.gate = new GrowthGate();
    const before = logId === this.logId ? this.assigned : new Map<number, PartitionProgress>();
    this.logId = logId;
    this.assigned = new Map(
      mine.map((partition) => [partition, before.get(partition) ?? new PartitionProgress(partition)]),
    );
    for (const progress of this.assigned.values()) this.compare(progress, bounds.get(progress.partition));
    void this.load(bounds);
  }

  /** See BrokerSubscriber.recheck. */
  async recheck(): Promise<void> {
    const held = this.readable();
    for (const progress of await strayed(this.receiver, this.logId, held)) await this.place(progress);
  }

  /** Compares a position with the log as it is now; stops the partition and tells the receiver where it is outside.
   *  @returns whether it is inside   @throws where the database is away */
  async confirm(progress: PartitionProgress): Promise<boolean> {
    const bounds = (await this.reader.bounds()).get(progress.partition);
    const { position } = progress;
    if (!bounds || position === undefined || progress.hindrances.has('stopped')) return false;
    progress.logStart = bounds.start;
    if (position >= bounds.start && position <= bounds.end) return true;
    // The log lies in the same database: where that was put back, log and stored position have gone back together.
    if (await this.place(progress)) return false;
    progress.hindrances.add('stopped');
    const gap = { position, logStart: bounds.start, logEnd: bounds.end };
    this.receiver.outOfRange(progress.logId, progress.partition, gap);
    this.logger('error', 'a stored position is outside of the log; its partition stops', {
      partition: progress.partition,
      position: String(position),
      logStart: String(bounds.start),
      logEnd: String(bounds.end),
    });
    return false;
  }

  /** Takes the stored position. @returns whether it is another one than was held */
  private async place(progress: PartitionProgress): Promise<boolean> {
    const { partition, position, logStart, logId } = progress;
    const positions = await this.receiver.positions(logId, new Map([[partition, logStart]]));
    const stored = positions.get(partition) ?? logStart;
    if (stored === position || !this.isCurrent(progress)) return false;
    const details = { partition, from: String(position), to: String(stored) };
    this.logger('warn', 'the stored position was moved; reading goes on there', details);
    progress.moveTo(stored);
    this.changed();
    return true;
  }

  backOff(progress: PartitionProgress): void {
    setTimeout(() => {
      progress.hindrances.delete('backoff');
      this.changed();
    }, progress.failed());
  }

  private compare(progress: PartitionProgress, bounds: LogBounds | undefined): void {
    if (!bounds) return;
    const { position } = progress;
    progress.knownEnd = bounds.end;
    progress.logStart = bounds.start;
    if (position === undefined || !progress.readable) return;
    if (position < bounds.end) this.changed();
    // A position past the end may only be newer than this beat: confirm looks again.
    if (position < bounds.start || position > bounds.end) {
      this.confirm(progress).catch((cause: unknown) => {
        this.logger('info', 'a position could not be compared; the next beat does', { cause: String(cause) });
      });
    }
  }

  /** Asks for the positions of new partitions; the next beat tries again what failed, and those that must wait. */
  private async load(bounds: ReadonlyMap<number, LogBounds>): Promise<void> {
    let fresh = this.all().filter(({ position }) => position === undefined);
    if (fresh.length === 0 || this.loading) return;
    const { logId, gate } = this;
    this.loading = true;
    try {
      const stored = await this.receiver.stored(logId);
      const wanted = fresh.map(({ partition }) => partition);
      const open = gate.open(wanted, bounds, stored);
      this.hold(fresh.filter(({ partition }) => !open.includes(partition)));
      fresh = fresh.filter(({ partition }) => open.includes(partition));
      if (fresh.length === 0) return;
      // Of a new log all at once: a partition without a position is a new one from then on.
      const asked = stored.size === 0 ? [...bounds.keys()] : open;
      const starts = new Map(asked.map((partition) => [partition, bounds.get(partition)?.start ?? 0n]));
      const positions = await this.receiver.positions(logId, starts);
      for (const progress of fresh) {
        progress.logId = logId;
        progress.moveTo(positions.get(progress.partition) ?? progress.logStart);
      }
      for (const progress of fresh) {
        await this.confirm(progress);
        progress.hindrances.delete('starting');
        if (progress.hindrances.delete('grown'))
          this.logger('info', 'the old partitions are drained; a new one is read', {
            partition: progress.partition,
          });
      }
      this.changed();
    } catch (cause) {
      for (const progress of fresh) {
        if (progress.hindrances.has('starting')) progress.position = undefined;
      }
      this.logger('warn', 'positions could not be read; trying again', { cause: String(cause) });
    } finally {
      this.loading = false;
    }
  }

  /** The log grew by these, and what was published before them is not stored yet. */
  private hold(left: readonly PartitionProgress[]): void {
    for (const { partition, hindrances } of left) {
      if (hindrances.has('grown')) continue;
      hindrances.add('grown');
      this.logger('error', 'a new partition is left unread until the old ones are drained', { partition });
    }
  }
}
