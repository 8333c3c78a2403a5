import { randomUUID } from 'node:crypto';
import { type OutgoingRecord, partitionOf } from '@bus/domain';
import { BATCH_BYTES, DEFAULT_PARTITIONS } from '../broker-options';
import { BrokerPublisher, type PublishResult } from '../broker-publisher';
import type { IncomingRecord } from '../broker-record';
import type { BrokerSubscriber } from '../broker-subscriber';
import { BrokerUnavailableError, NotSentError, RecordTooLargeError } from '../broker.errors';
import type { LogBounds } from '../partition-progress';
import { InMemorySubscriber } from './in-memory-subscriber';

interface MemoryPartition {
  records: IncomingRecord[];
  start: bigint;
  end: bigint;
}

/** A log in memory, with any number of publishers and subscribers. It forgets everything with the process. */
export class InMemoryBroker {
  /** Of the log that holds now; another one after `recreate`. */
  logId = '';
  readonly subscribers = new Set<InMemorySubscriber>();
  private partitions: MemoryPartition[] = [];
  private away = false;

  constructor(readonly partitionCount = DEFAULT_PARTITIONS) {
    this.recreate();
  }

  publisher(): BrokerPublisher {
    return new InMemoryPublisher(this);
  }

  subscriber(): BrokerSubscriber {
    return new InMemorySubscriber(this);
  }

  /** Publishes are refused and nothing is read until `comeBack`. */
  goAway(): void {
    this.away = true;
  }

  comeBack(): void {
    this.away = false;
    this.changed();
  }

  /** An empty log with another id. */
  recreate(): void {
    this.logId = `memory:${randomUUID()}`;
    this.partitions = Array.from({ length: this.partitionCount }, () => ({
      records: [],
      start: 0n,
      end: 0n,
    }));
    this.changed();
  }

  /** As any client of a real broker may write: also what the bus cannot decode. @returns its offset */
  append(partition: number, record: Pick<IncomingRecord, 'key' | 'value' | 'headers'>): bigint {
    this.reach();
    const log = this.partitions[partition];
    const offset = log.end++;
    log.records.push({ ...record, partition, offset, appendedAt: new Date() });
    this.changed();
    return offset;
  }

  /** Offsets without a record, as an aborted transaction leaves them. */
  skip(partition: number, offsets = 1): void {
    this.partitions[partition].end += BigInt(offsets);
    this.changed();
  }

  /** Deletes what is older than `offset`. */
  dropBefore(partition: number, offset: bigint): void {
    const log = this.partitions[partition];
    log.start = offset;
    log.records = log.records.filter((record) => record.offset >= offset);
  }

  /** @throws BrokerUnavailableError while the broker is away */
  reach(): void {
    if (this.away) throw new BrokerUnavailableError({ broker: 'the broker in memory' });
  }

  bounds(partition: number): LogBounds {
    this.reach();
    const { start, end } = this.partitions[partition];
    return { start, end };
  }

  read(partition: number, from: bigint, limit: number): IncomingRecord[] {
    this.reach();
    const { records } = this.partitions[partition];
    const at = records.findIndex(({ offset }) => offset >= from);
    return at < 0 ? [] : records.slice(at, at + limit);
  }

  /** Tells all subscribers to look again. */
  changed(): void {
    for (const subscriber of this.subscribers) subscriber.look();
  }
}

class InMemoryPublisher extends BrokerPublisher {
  private stopped = false;

  constructor(private readonly broker: InMemoryBroker) {
    super();
  }

  async publish(records: readonly OutgoingRecord[]): Promise<PublishResult[]> {
    return records.map((record) => this.publishOne(record));
  }

  async start(): Promise<void> {
    this.stopped = false;
  }

  async check(): Promise<void> {
    this.broker.reach();
  }

  async stop(): Promise<void> {
    this.stopped = true;
  }

  private publishOne(record: OutgoingRecord): PublishResult {
    const bytes = record.value.byteLength;
    if (bytes > BATCH_BYTES) {
      const cause = new RecordTooLargeError({ bytes, limit: BATCH_BYTES });
      return { outcome: 'refused', code: 'too_large', cause };
    }
    if (this.stopped) {
      return { outcome: 'not_accepted', cause: new NotSentError({ reason: 'this publisher has ended' }) };
    }
    const partition = partitionOf(record.key, this.broker.partitionCount);
    const headers = Object.entries(record.headers).map(
      ([name, value]) => [name, Buffer.from(value)] as const,
    );
    try {
      const offset = this.broker.append(partition, {
        key: Buffer.from(record.key),
        value: record.value,
        headers,
      });
      return { outcome: 'accepted', partition, offset };
    } catch (cause) {
      return { outcome: 'not_accepted', cause };
    }
  }
}
