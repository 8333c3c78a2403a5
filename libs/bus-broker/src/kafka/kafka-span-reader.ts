import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Consumer } from 'kafkajs';
import { BrokerUnavailableError } from '../broker.errors';
import { LogSpanReader, type LogSpan, type PageTaker } from '../log-span-reader';
import { KafkaAdminLine } from './kafka-admin-line';
import { kafkaConsumer } from './kafka-consumer';
import { SpanRun, type SpanProgress, type SpanRunOptions, STALL_MS } from './span-run';

const AGAIN_AFTER_MS = 500;

/**
 * Reads by a consumer in a group of its own, made for one `read` and thrown away: kafkajs can neither be assigned
 * partitions nor fetch by its admin. The group's only member is assigned everything; it seeks each span's start, and
 * partitions without a span, or whose span is done, rest. Nothing is committed, and the group is deleted when it is
 * left. With ACLs the user needs Read and Delete on groups that begin with `<consumer group>.span.`.
 */
export class KafkaSpanReader extends LogSpanReader {
  /** Consumers by their group. */
  private readonly running = new Map<string, Consumer>();
  private readonly admin: KafkaAdminLine;
  private stopped = false;

  constructor(private readonly options: SpanRunOptions) {
    super();
    this.admin = new KafkaAdminLine(options);
  }

  async read(spans: readonly LogSpan[], take: PageTaker): Promise<void> {
    const wanted = spans.filter(({ from, to }) => from < to);
    if (wanted.length === 0) return;
    const progress: SpanProgress = {
      positions: new Map(wanted.map(({ partition, from }) => [partition, from])),
      ends: new Map(wanted.map(({ partition, to }) => [partition, to])),
      lastMs: performance.now(),
    };
    while (!(await this.readOn(progress, take))) await pause(AGAIN_AFTER_MS);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.running.keys()].map((groupId) => this.close(groupId)));
    await this.admin.close();
  }

  /** @returns false where the broker failed, and shall be asked again from where the spans stand */
  private async readOn(progress: SpanProgress, take: PageTaker): Promise<boolean> {
    const groupId = `${this.options.groupId}.span.${randomUUID()}`;
    const consumer = kafkaConsumer({ ...this.options, groupId });
    this.running.set(groupId, consumer);
    try {
      await new SpanRun(consumer, this.options, progress, take).finished();
      return true;
    } catch (cause) {
      const isStalled = performance.now() - progress.lastMs > STALL_MS;
      if (!(cause instanceof BrokerUnavailableError) || isStalled || this.stopped) throw cause;
      this.options.logger('info', 'reading a span failed; trying again', { cause: String(cause.cause) });
      return false;
    } finally {
      await this.close(groupId);
    }
  }

  /** An empty group that could not be deleted is dropped by Kafka itself within minutes. */
  private async close(groupId: string): Promise<void> {
    const consumer = this.running.get(groupId);
    if (!consumer) return;
    this.running.delete(groupId);
    try {
      await consumer.disconnect();
      await this.admin.ask((admin) => admin.deleteGroups([groupId]));
    } catch (cause) {
      this.options.logger('info', 'a span reader left its group behind', { groupId, cause: String(cause) });
    }
  }
}
