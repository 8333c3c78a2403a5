import { BATCH_RECORDS, silent } from '../broker-options';
import type { RecordBatch } from '../broker-record';
import { type BatchReceiver, BrokerSubscriber, type PartitionLag } from '../broker-subscriber';
import { handOver, PartitionProgress, strayed } from '../partition-progress';
import { WakeLine } from '../wake-line';
import type { InMemoryBroker } from './in-memory-broker';

const AGAIN_AFTER_MS = 20;
const REST_MS = 60_000;

/** Reads an `InMemoryBroker`; shares its partitions with the other subscribers. */
export class InMemorySubscriber extends BrokerSubscriber {
  private readonly wake = new WakeLine();
  private receiver: BatchReceiver | undefined;
  private assigned = new Map<number, PartitionProgress>();
  private logId = '';
  private paused = false;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly broker: InMemoryBroker) {
    super();
  }

  async start(receiver: BatchReceiver): Promise<void> {
    this.receiver = receiver;
    this.broker.subscribers.add(this);
    this.broker.changed();
    this.running = this.keepReading(receiver);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.look();
  }

  async lag(): Promise<PartitionLag[]> {
    this.broker.reach();
    return [...this.assigned.values()].map(({ partition, position, logStart }) => {
      const lag = this.broker.bounds(partition).end - (position ?? logStart);
      return { partition, lag: lag > 0n ? lag : 0n };
    });
  }

  async recheck(): Promise<void> {
    const { receiver, logId } = this;
    if (!receiver) return;
    for (const progress of await strayed(receiver, logId, this.readable())) {
      const starts = new Map([[progress.partition, this.broker.bounds(progress.partition).start]]);
      const positions = await receiver.positions(logId, starts);
      progress.moveTo(positions.get(progress.partition) ?? 0n);
    }
    this.look();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.broker.subscribers.delete(this);
    this.broker.changed();
    this.look();
    await this.running;
  }

  look(): void {
    this.wake.wake();
  }

  private async keepReading(receiver: BatchReceiver): Promise<void> {
    while (!this.stopped) {
      try {
        await this.follow(receiver);
        const stored = this.paused
          ? []
          : await Promise.all(this.readable().map((p) => this.readOnce(receiver, p)));
        if (!stored.some(Boolean)) await this.wake.rest(REST_MS);
      } catch {
        await this.wake.rest(AGAIN_AFTER_MS); // the broker or the store is away: the same again
      }
    }
  }

  private readable(): PartitionProgress[] {
    return [...this.assigned.values()].filter(({ readable }) => readable);
  }

  private async follow(receiver: BatchReceiver): Promise<void> {
    const members = [...this.broker.subscribers];
    const rank = members.indexOf(this);
    const mine = Array.from({ length: this.broker.partitionCount }, (_, partition) => partition).filter(
      (partition) => partition % members.length === rank,
    );
    const before = this.logId === this.broker.logId ? this.assigned : new Map<number, PartitionProgress>();
    this.logId = this.broker.logId;
    this.assigned = new Map(mine.map((p) => [p, before.get(p) ?? new PartitionProgress(p)]));
    const fresh = [...this.assigned.values()].filter(({ position }) => position === undefined);
    if (fresh.length === 0) return;
    const starts = new Map(fresh.map(({ partition }) => [partition, this.broker.bounds(partition).start]));
    const positions = await receiver.positions(this.logId, starts);
    for (const progress of fresh) {
      progress.logId = this.logId;
      progress.moveTo(positions.get(progress.partition) ?? 0n);
      progress.hindrances.delete('starting');
    }
  }

  /** @returns whether anything has changed, so that another look is due */
  private async readOnce(receiver: BatchReceiver, progress: PartitionProgress): Promise<boolean> {
    const { partition, logId } = progress;
    const position = progress.position ?? 0n;
    const bounds = this.broker.bounds(partition);
    progress.logStart = bounds.start;
    if (position < bounds.start || position > bounds.end) {
      progress.hindrances.add('stopped');
      const gap = { position, logStart: bounds.start, logEnd: bounds.end };
      receiver.outOfRange(logId, partition, gap);
      return false;
    }
    if (position === bounds.end) return false;
    const records = this.broker.read(partition, position, BATCH_RECORDS);
    const last = records.at(-1);
    const more = last !== undefined && records.length === BATCH_RECORDS;
    const nextOffset = more ? last.offset + 1n : bounds.end;
    const batch: RecordBatch = {
      logId,
      partition,
      start: position,
      records,
      nextOffset,
      logStart: bounds.start,
    };
    if ((await handOver(receiver, progress, batch, silent)) !== 'failed') return true;
    setTimeout(() => {
      progress.hindrances.delete('backoff');
      this.look();
    }, progress.failed());
    return false;
  }
}
