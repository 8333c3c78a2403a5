import type { Pool } from 'pg';
import type { IncomingRecord, RecordBatch } from '../broker-record';
import { type BatchReceiver, BrokerSubscriber, type PartitionLag } from '../broker-subscriber';
import { handOver, lagOf, type LogBounds, type PartitionProgress } from '../partition-progress';
import { WakeLine } from '../wake-line';
import { type FoundRecords, toBatches } from './found-records';
import { GrowthListener } from './growth-listener';
import { LogMembership } from './log-membership';
import { LogReader, mostOf } from './log-reader';
import type { Notification } from './notification';
import { checkLog, logPool, type PostgresLogOptions, unavailable } from './postgres-log';
import { PostgresPartitions } from './postgres-partitions';
import { ToldRecords } from './told-records';

export interface PostgresSubscriberOptions extends PostgresLogOptions {
  poolSize: number;
}

const STATEMENT_WITHIN_MS = 15_000;
/** Four of them fit into the time after which a silent member's partitions go to others. */
const BEAT_MS = 1_250;
/** Batches at the receiver at a time, each of another partition: it stores together what comes together. */
const AT_ONCE = 24;
const AGAIN_AFTER_MS = 500;
const LISTEN_PATIENCE_MS = 2_000;
/** So long, unless the beat or a notification says that the log grew. */
const REST_MS = 60_000;
/** Reads in a row that found so many records without a rest: then publishers need not notify any more. At fewer a
 *  notification costs less than to fall asleep and wake up again, each a commit. */
const BUSY_READS = 4;
const BUSY_RECORDS = 16;

/**
 * Reads the log table. While it is busy it reads again and again, a share of each partition with one
 * statement; once it found nothing it says that it sleeps, looks once more, and rests until a publisher's notification
 * or its own beat (every 1.25 s, the only statement of an idle replica) tells of records. Small ones come with their
 * notification and need no reading.
 */
export class PostgresSubscriber extends BrokerSubscriber {
  private readonly pool: Pool;
  private readonly reader: LogReader;
  private readonly membership: LogMembership;
  private readonly listener: GrowthListener;
  private readonly wakeReader = new WakeLine();
  private readonly wakeBeat = new WakeLine();
  private readonly told = new ToldRecords();
  private partitions: PostgresPartitions | undefined;
  private paused: { ended: Promise<void>; end(): void } | undefined;
  private stopped = false;
  private running: Promise<unknown> = Promise.resolve();
  private busyReads = 0;

  constructor(private readonly options: PostgresSubscriberOptions) {
    super();
    this.pool = logPool(options, options.poolSize, STATEMENT_WITHIN_MS);
    this.reader = new LogReader(this.pool);
    this.membership = new LogMembership(this.pool);
    this.listener = new GrowthListener(options, (notification) => this.hear(notification));
  }

  async start(receiver: BatchReceiver): Promise<void> {
    await this.checked();
    this.partitions = new PostgresPartitions(receiver, this.reader, this.options.logger, () =>
      this.readSoon(),
    );
    await this.listener.start(LISTEN_PATIENCE_MS);
    let assigned: () => void = () => undefined;
    const firstAssignment = new Promise<void>((done) => (assigned = done));
    this.running = Promise.all([this.keepBeating(assigned), this.keepReading(receiver)]);
    await firstAssignment;
  }

  pause(): void {
    if (this.paused) return;
    let end: () => void = () => undefined;
    const ended = new Promise<void>((done) => (end = done));
    this.paused = { ended, end };
  }

  resume(): void {
    this.paused?.end();
    this.paused = undefined;
    this.readSoon();
  }

  async lag(): Promise<PartitionLag[]> {
    let bounds: Map<number, LogBounds>;
    try {
      bounds = await this.reader.bounds();
    } catch (cause) {
      throw unavailable(cause);
    }
    return (this.partitions?.all() ?? []).map((progress) => lagOf(progress, bounds));
  }

  async recheck(): Promise<void> {
    await this.partitions?.recheck();
  }

  async stop(): Promise<void> {
    if (this.stopped) return void (await this.running);
    this.stopped = true;
    this.wakeBeat.wake();
    this.resume();
    await this.running;
    await this.listener.stop();
    await this.membership.leave().catch((cause: unknown) => {
      this.options.logger('info', 'could not leave the log in order; others wait 5 s', {
        cause: String(cause),
      });
    });
    await this.pool.end();
  }

  private hear(notification: Notification | undefined): void {
    if (!notification) return this.readSoon();
    if (!notification.partitions.some((partition) => this.partitions?.has(partition))) return;
    this.told.add(notification);
    this.wakeReader.wake();
  }

  private readSoon(): void {
    this.told.incomplete();
    this.wakeReader.wake();
  }

  /** Throws for a log that is not as promised; a database that is away is waited for. */
  private async checked(): Promise<void> {
    while (!this.stopped) {
      try {
        await checkLog(this.pool, this.options.partitions);
        return;
      } catch (cause) {
        if (!(await this.outlasts(cause))) throw cause;
      }
    }
  }

  private async keepBeating(assigned: () => void): Promise<void> {
    while (!this.stopped) {
      try {
        const beat = await this.membership.beat();
        this.partitions?.follow(beat);
        assigned();
      } catch (cause) {
        this.options.logger('warn', 'the broker database is away; trying again', { cause: String(cause) });
      }
      await this.wakeBeat.rest(BEAT_MS);
    }
    assigned();
  }

  private async keepReading(receiver: BatchReceiver): Promise<void> {
    while (!this.stopped) {
      const readable = this.partitions?.readable() ?? [];
      if (this.paused || readable.length === 0) {
        await this.wakeReader.rest(REST_MS);
        continue;
      }
      try {
        const found = this.toldOf(readable) ?? (await this.readOf(readable));
        await this.handOverAll(receiver, toBatches(found));
        await this.pace(found.records, mostOf(readable.length));
      } catch (cause) {
        this.told.incomplete();
        this.options.logger('warn', 'the log could not be read; trying again', { cause: String(cause) });
        await this.wakeReader.rest(AGAIN_AFTER_MS);
      }
    }
  }

  /** Without ends: of a partition that nothing was told of, records may lie unread below its known end. */
  private toldOf(readable: readonly PartitionProgress[]): FoundRecords | null {
    const records = this.told.take(readable);
    // Publishers that see no sleeper tell nothing: then only the log knows.
    if (!records || !this.membership.sleeping) return null;
    const looks = readable.map(
      (progress) => [progress, { from: progress.position, end: undefined }] as const,
    );
    return { records, looks: new Map(looks) };
  }

  private async readOf(readable: readonly PartitionProgress[]): Promise<FoundRecords> {
    const looks = readable.map(
      (progress) => [progress, { from: progress.position, end: progress.knownEnd }] as const,
    );
    return { records: await this.reader.read(readable), looks: new Map(looks) };
  }

  private async handOverAll(
    receiver: BatchReceiver,
    batches: readonly [PartitionProgress, RecordBatch][],
  ): Promise<void> {
    let next = 0;
    const work = async () => {
      while (next < batches.length) {
        const [progress, batch] = batches[next++];
        while (this.paused) await this.paused.ended;
        if (this.stopped) return;
        await this.handOverOne(receiver, progress, batch);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  private async handOverOne(
    receiver: BatchReceiver,
    progress: PartitionProgress,
    batch: RecordBatch,
  ): Promise<void> {
    const { partitions } = this;
    if (!partitions?.isCurrent(progress)) return;
    const first = batch.records.at(0)?.offset ?? batch.nextOffset;
    if (first !== progress.position && !(await partitions.confirm(progress))) return;
    const end = await handOver(receiver, progress, batch, this.options.logger);
    if (end === 'moved') await partitions.confirm(progress);
    if (end === 'failed') partitions.backOff(progress);
  }

  /** Reads on at once, or rests until there is something to read. */
  private async pace(found: ReadonlyMap<number, readonly IncomingRecord[]>, most: number): Promise<void> {
    if (found.size === 0 && !this.membership.sleeping) {
      await this.membership.setSleeping(true);
      this.told.incomplete();
      return; // looks once more: what was committed before publishers saw it was not notified
    }
    const lengths = [...found.values()].map(({ length }) => length);
    const isBusy = lengths.reduce((sum, length) => sum + length, 0) >= BUSY_RECORDS;
    const full = lengths.some((length) => length >= most);
    if (full) this.told.incomplete();
    const rested = this.membership.sleeping && !full && (await this.wakeReader.rest(REST_MS));
    this.busyReads = isBusy && !rested ? this.busyReads + 1 : 0;
    if (this.membership.sleeping && this.busyReads >= BUSY_READS) await this.membership.setSleeping(false);
  }

  private async outlasts(cause: unknown): Promise<boolean> {
    if ((cause as { code?: string }).code === 'unavailable') return false;
    this.options.logger('warn', 'the broker database is away; trying again', { cause: String(cause) });
    await this.wakeBeat.rest(AGAIN_AFTER_MS);
    return true;
  }
}
