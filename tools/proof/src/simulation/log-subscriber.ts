import { BrokerSubscriber, type BatchReceiver, type PartitionLag } from '@bus/broker';
import type { SeededRandom } from '../random';
import type { FaultCounts } from './fault-counts';
import type { LogBroker, LogMember } from './log-broker';
import type { ProcessRun } from './process-run';

const MOST_RECORDS = 12;
const AGAIN_AFTER_MS = 150;

/** Reads one partition for as long as its member believes to own it. */
export interface PartitionReader {
  readonly partition: number;
  isCurrent: boolean;
  position: bigint;
  wake: (() => void) | null;
}

/**
 * A replica's reader of the log. Its place is what the receiver says; offset hints are committed and, now and then,
 * begun from: what was stored already then comes again. A batch is handed over again after a failure.
 */
export class LogSubscriber extends BrokerSubscriber implements LogMember {
  protected receiver: BatchReceiver | null = null;
  protected readonly readers = new Map<number, PartitionReader>();
  private isPaused = false;
  private isStopped = false;
  private firstAssignment: (() => void) | null = null;
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    protected readonly broker: LogBroker,
    protected readonly process: ProcessRun,
    protected readonly random: SeededRandom,
    private readonly faults: FaultCounts,
  ) {
    super();
  }

  override start(receiver: BatchReceiver): Promise<void> {
    this.receiver = receiver;
    this.broker.join(this);
    this.beat();
    return new Promise((resolve) => (this.firstAssignment = resolve));
  }

  override pause(): void {
    this.isPaused = true;
  }

  override resume(): void {
    this.isPaused = false;
    for (const reader of this.readers.values()) this.wakeReader(reader);
  }

  override lag(): Promise<PartitionLag[]> {
    return Promise.resolve([]);
  }

  override async recheck(): Promise<void> {
    const stored = await this.receiver?.stored(this.broker.logId);
    for (const [partition, reader] of this.readers) {
      if (stored?.get(partition) === reader.position || reader.wake === null) continue;
      const positions = await this.receiver?.positions(this.broker.logId, new Map([[partition, 0n]]));
      reader.position = positions?.get(partition) ?? 0n;
      this.wakeReader(reader);
    }
  }

  override async stop(): Promise<void> {
    this.isStopped = true;
    this.firstAssignment?.();
    for (const reader of this.readers.values()) this.end(reader);
    await Promise.all(this.underWay);
    this.broker.leave(this);
  }

  assigned(partitions: readonly number[], kept: boolean): void {
    this.process.enter(() => {
      for (const [partition, reader] of this.readers)
        if (!kept || !partitions.includes(partition)) {
          this.end(reader);
          this.readers.delete(partition);
        }
      if (this.isStopped) return;
      for (const partition of partitions) if (!this.readers.has(partition)) this.begin(partition);
      this.firstAssignment?.();
    });
  }

  wake(partition: number): void {
    const reader = this.readers.get(partition);
    if (reader?.wake) this.process.arrive(this.random.between(1, 4), () => this.wakeReader(reader));
  }

  isAnswering(): boolean {
    return this.process.isAlive && !this.process.isStopped;
  }

  /** Where a new reader begins. */
  protected async startOf(partition: number): Promise<bigint> {
    const { receiver, broker } = this;
    const stored = await receiver?.positions(broker.logId, new Map([[partition, 0n]]));
    const position = stored?.get(partition) ?? 0n;
    const hint = broker.hints.get(partition) ?? 0n;
    if (hint >= position || !this.random.chance(0.3)) return position;
    this.faults.add('redelivered');
    return hint;
  }

  /** What follows a batch that was not stored. @returns where to read on */
  protected failedAt(reader: PartitionReader, _nextOffset: bigint): bigint {
    return reader.position;
  }

  /** A hint about `nextOffset` goes to the broker, or is lost on the way. */
  protected commitHint(partition: number, nextOffset: bigint): void {
    if (this.random.chance(0.75)) this.broker.hints.set(partition, nextOffset);
    else this.faults.add('hint-lost');
  }

  /** The position that a batch says it continues. */
  protected startTold(reader: PartitionReader): bigint {
    return reader.position;
  }

  /** The receiver has sent the reader elsewhere. */
  protected sought(_reader: PartitionReader): void {
    // Only plants do something here.
  }

  /** A batch is about to be handed over. */
  protected handing(_reader: PartitionReader, _nextOffset: bigint): void {
    // Only plants do something here.
  }

  private begin(partition: number): void {
    const reader: PartitionReader = { partition, isCurrent: true, position: 0n, wake: null };
    this.readers.set(partition, reader);
    const reading = this.read(reader).finally(() => this.underWay.delete(reading));
    this.underWay.add(reading);
  }

  private end(reader: PartitionReader): void {
    reader.isCurrent = false;
    this.wakeReader(reader);
  }

  private wakeReader(reader: PartitionReader): void {
    const { wake } = reader;
    reader.wake = null;
    wake?.();
  }

  private async read(reader: PartitionReader): Promise<void> {
    let isPlaced = false;
    while (reader.isCurrent) {
      try {
        if (!isPlaced) reader.position = await this.startOf(reader.partition);
        isPlaced = true;
        const isMore = await this.readOnce(reader);
        if (!isMore && reader.isCurrent) await new Promise<void>((go) => (reader.wake = go));
      } catch {
        await this.rest(AGAIN_AFTER_MS); // the store or the broker is away: the same again
      }
    }
  }

  /** @returns whether there may be more */
  private async readOnce(reader: PartitionReader): Promise<boolean> {
    const { broker, receiver } = this;
    const { partition } = reader;
    await this.rest(this.random.between(1, 5));
    if (broker.isDown) throw new Error('the broker is away');
    const { records, nextOffset } = broker.read(
      partition,
      reader.position,
      this.random.between(1, MOST_RECORDS),
    );
    if (this.isPaused || nextOffset <= reader.position || !receiver || !reader.isCurrent) return false;
    this.handing(reader, nextOffset);
    const before = reader.position;
    try {
      const start = this.startTold(reader);
      const batch = { logId: broker.logId, partition, start, records, nextOffset, logStart: 0n };
      const outcome = await receiver.receive(batch);
      if (outcome.outcome === 'seek') {
        reader.position = outcome.offset;
        this.sought(reader);
        return true;
      }
    } catch (error) {
      reader.position = this.failedAt(reader, nextOffset);
      throw error;
    }
    reader.position = nextOffset;
    this.commitHint(partition, nextOffset);
    if (this.random.chance(0.03)) {
      this.faults.add('redelivered');
      reader.position = before;
    }
    return true;
  }

  /** Tells the broker that it lives; one that was taken out joins again. */
  private beat(): void {
    this.process.timers.after(1000, () => {
      if (this.isStopped) return;
      if (!this.broker.has(this)) {
        for (const reader of this.readers.values()) this.end(reader);
        this.readers.clear();
        this.broker.join(this);
      }
      this.beat();
    });
  }

  private rest(ms: number): Promise<void> {
    return new Promise((go) => this.process.timers.after(ms, go));
  }
}
