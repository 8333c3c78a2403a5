import type { Consumer } from 'kafkajs';
import { BATCH_RECORDS } from '../broker-options';
import { BrokerUnavailableError } from '../broker.errors';
import type { PageTaker } from '../log-span-reader';
import type { KafkaClientOptions } from './kafka-client';
import { toIncomingRecord } from './kafka-record';

export interface SpanRunOptions extends KafkaClientOptions {
  topic: string;
  groupId: string;
}

/** What a fetch holds; no messages where it holds control records and aborted ones alone. */
interface Fetch {
  partition: number;
  messages: Parameters<typeof toIncomingRecord>[1][];
  first: bigint;
  next: bigint;
}

/** How far the spans are read. */
export interface SpanProgress {
  positions: Map<number, bigint>;
  ends: ReadonlyMap<number, bigint>;
  /** Monotonic time of the last page, or the start. */
  lastMs: number;
}

/** Nothing came for so long: the broker is away. */
export const STALL_MS = 30_000;

/** One consumer from its start until every span is read. */
export class SpanRun {
  /** Gaps in front of a position that were looked at twice are real. */
  private readonly soughtFor = new Map<number, bigint>();
  private readonly turns = new Map<number, Promise<void>>();
  private stall: NodeJS.Timeout | undefined;
  private done: () => void = () => undefined;
  private fail: (cause: unknown) => void = () => undefined;

  constructor(
    private readonly consumer: Consumer,
    private readonly options: SpanRunOptions,
    private readonly progress: SpanProgress,
    private readonly take: PageTaker,
  ) {}

  async finished(): Promise<void> {
    const end = new Promise<void>((done, fail) => {
      this.done = done;
      this.fail = fail;
    });
    end.catch(() => undefined); // it may fail before it is awaited
    this.watch();
    try {
      await Promise.race([this.start(), end]);
      await end;
    } finally {
      clearTimeout(this.stall);
    }
  }

  private async start(): Promise<void> {
    const { consumer } = this;
    const { topic } = this.options;
    consumer.on(consumer.events.CRASH, ({ payload }) => this.fail(this.away(payload.error)));
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      this.joined(payload.memberAssignment[topic] ?? []),
    );
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      const { batchSize, partition, firstOffset, lastOffset } = payload;
      if (batchSize > 0) return;
      const next = BigInt(lastOffset) + 1n;
      void this.turn({ partition, messages: [], first: BigInt(firstOffset ?? lastOffset), next });
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: async ({ batch, heartbeat, resolveOffset }) => {
          const next = BigInt(batch.lastOffset()) + 1n;
          const first = BigInt(batch.firstOffset() ?? batch.messages[0].offset);
          const beat = setInterval(() => void heartbeat().catch(() => undefined), 1_000);
          await this.turn({ partition: batch.partition, messages: batch.messages, first, next });
          clearInterval(beat);
          const position = this.progress.positions.get(batch.partition);
          if (position !== undefined && position >= next) resolveOffset(String(next - 1n));
        },
      });
    } catch (cause) {
      throw this.away(cause);
    }
  }

  private joined(partitions: readonly number[]): void {
    const missing = [...this.progress.ends.keys()].filter((partition) => !partitions.includes(partition));
    if (missing.length > 0)
      return this.fail(new Error(`the topic has no partition ${missing.join(', ')}; check BUS_TOPIC`));
    const { topic } = this.options;
    const resting = partitions.filter((partition) => !this.isOpen(partition));
    this.consumer.pause([{ topic, partitions: resting }]);
    for (const partition of this.progress.ends.keys()) if (this.isOpen(partition)) this.seek(partition);
  }

  /** Fetches of one partition, one after another; a failure ends the run. */
  private turn(fetch: Fetch): Promise<void> {
    const before = this.turns.get(fetch.partition) ?? Promise.resolve();
    const turn = before.then(() => this.handOver(fetch)).catch((cause: unknown) => this.fail(cause));
    this.turns.set(fetch.partition, turn);
    return turn;
  }

  private async handOver({ partition, messages, first, next }: Fetch): Promise<void> {
    const position = this.progress.positions.get(partition);
    const end = this.progress.ends.get(partition);
    if (position === undefined || end === undefined || position >= end) return;
    if (next <= position) return this.seek(partition); // from the log's start, before the seek was known
    if (first > position && this.soughtFor.get(partition) !== position) {
      this.soughtFor.set(partition, position);
      return this.seek(partition);
    }
    const records = messages
      .map((message) => toIncomingRecord(partition, message))
      .filter(({ offset }) => offset >= position && offset < end);
    for (let from = 0; from < records.length; from += BATCH_RECORDS) {
      const page = records.slice(from, from + BATCH_RECORDS);
      const last = page[page.length - 1];
      await this.take({ partition, records: page, next: last.offset + 1n });
      this.moved(partition, last.offset + 1n);
    }
    const reached = next < end ? next : end;
    if (this.progress.positions.get(partition) !== reached)
      await this.take({ partition, records: [], next: reached });
    this.moved(partition, reached);
    if (reached < end) return;
    this.consumer.pause([{ topic: this.options.topic, partitions: [partition] }]);
    if (![...this.progress.ends.keys()].some((one) => this.isOpen(one))) this.done();
  }

  private isOpen(partition: number): boolean {
    const position = this.progress.positions.get(partition);
    const end = this.progress.ends.get(partition);
    return position !== undefined && end !== undefined && position < end;
  }

  private seek(partition: number): void {
    const offset = String(this.progress.positions.get(partition));
    this.consumer.seek({ topic: this.options.topic, partition, offset });
  }

  /** Something came: the broker is there. */
  private moved(partition: number, position: bigint): void {
    this.progress.positions.set(partition, position);
    this.progress.lastMs = performance.now();
    this.watch();
  }

  private watch(): void {
    clearTimeout(this.stall);
    this.stall = setTimeout(() => this.fail(this.away()), STALL_MS);
  }

  private away(cause?: unknown): BrokerUnavailableError {
    return new BrokerUnavailableError({ broker: `Kafka at ${this.options.brokers.join(',')}`, cause });
  }
}
