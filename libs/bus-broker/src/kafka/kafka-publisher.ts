import type { OutgoingRecord } from '@bus/domain';
import { Partitioners, type Producer, type RecordMetadata } from 'kafkajs';
import type { BrokerLogger } from '../broker-options';
import { ANSWER_WITHIN_MS } from '../broker-options';
import { BrokerPublisher, type PublishResult } from '../broker-publisher';
import { BrokerUnavailableError } from '../broker.errors';
import { KeptConnection } from '../kept-connection';
import { type QueuedRecord, RecordBatcher } from '../record-batcher';
import { within } from '../within';
import { KafkaAdminLine } from './kafka-admin-line';
import { FEW_RETRIES, kafkaClient } from './kafka-client';
import { checkTopic, type TopicDemands } from './kafka-topics';

export interface KafkaPublisherOptions extends TopicDemands {
  brokers: readonly string[];
  clientId: string;
  logger: BrokerLogger;
}

/** A producer, and how many Produce requests it has written so far. */
interface ProducerLine {
  producer: Producer;
  produced: number;
}

/** Sends at a time: a slow leader holds up only the partitions that wait for it. */
const SENDS = 4;
const ACK_WITHIN_MS = 3_000;
const START_PATIENCE_MS = 5_000;
const CHECK_WITHIN_MS = 2_000;
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
/** Answers by which the broker says that it stored nothing. */
const REJECTED = new Set([
  'NOT_ENOUGH_REPLICAS',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
]);

/**
 * Publishes to a Kafka topic: idempotent, `acks` all, keys by murmur2, one send in flight per partition.
 *
 * A producer that failed once is never used again: kafkajs would give its sequence numbers to other records, and a
 * broker that had stored the first ones would answer "duplicate", which reads as accepted.
 */
export class KafkaPublisher extends BrokerPublisher {
  private readonly batcher: RecordBatcher;
  private readonly connection: KeptConnection<ProducerLine>;
  private readonly admin: KafkaAdminLine;

  constructor(private readonly options: KafkaPublisherOptions) {
    super();
    const { logger } = options;
    this.admin = new KafkaAdminLine(options);
    this.connection = new KeptConnection({
      open: () => this.open(),
      close: ({ producer }) => producer.disconnect(),
      opened: () => this.batcher.flush(),
      logger,
    });
    this.batcher = new RecordBatcher({
      partitions: options.partitions,
      sends: SENDS,
      ready: () => this.connection.current !== undefined,
      send: (batch) => this.send(batch),
      fault: () => this.connection.fault,
    });
  }

  publish(records: readonly OutgoingRecord[]): Promise<PublishResult[]> {
    return this.batcher.publish(records);
  }

  start(): Promise<void> {
    return this.connection.start(START_PATIENCE_MS);
  }

  async check(): Promise<void> {
    if (this.connection.current === undefined) throw this.unavailable(this.connection.fault);
    await this.admin.ask((admin) => admin.describeCluster(), CHECK_WITHIN_MS);
  }

  async stop(): Promise<void> {
    await this.batcher.close();
    await Promise.all([this.connection.stop(), this.admin.close()]);
  }

  private async open(): Promise<ProducerLine> {
    await this.admin.ask((admin) => checkTopic(admin, this.options));
    const line = { produced: 0 } as ProducerLine;
    line.producer = kafkaClient({ ...this.options, onProduce: () => line.produced++ }).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      idempotent: true,
      maxInFlightRequests: 5,
      allowAutoTopicCreation: false,
      metadataMaxAge: 60_000,
      transactionTimeout: 60_000,
      retry: FEW_RETRIES,
    });
    try {
      await within(line.producer.connect(), START_PATIENCE_MS, () => this.unavailable());
    } catch (cause) {
      await line.producer.disconnect().catch(() => undefined);
      throw cause;
    }
    return line;
  }

  private async send(batch: readonly QueuedRecord[]): Promise<PublishResult[]> {
    const line = this.connection.current;
    if (line === undefined) {
      return batch.map(() => ({ outcome: 'not_accepted', cause: this.connection.fault }));
    }
    const producedBefore = line.produced;
    try {
      const results = readOffsets(batch, await this.sendBatch(line.producer, batch));
      const unanswered = results.find(({ outcome }) => outcome === 'unknown');
      if (unanswered) this.connection.lose(line, unanswered);
      return results;
    } catch (cause) {
      this.connection.lose(line, cause);
      return await this.judgeFailure(batch, cause, line.produced - producedBefore);
    }
  }

  private sendBatch(producer: Producer, batch: readonly QueuedRecord[]): Promise<RecordMetadata[]> {
    const messages = batch.map(({ record, partition }) => ({ ...record, partition }));
    const sent = producer.sendBatch({
      acks: -1,
      timeout: ACK_WITHIN_MS,
      topicMessages: [{ topic: this.options.topic, messages }],
    });
    return within(sent, ANSWER_WITHIN_MS, () => this.unavailable());
  }

  /** @param produced requests that left during this send, those of sends beside it included */
  private async judgeFailure(
    batch: readonly QueuedRecord[],
    cause: unknown,
    produced: number,
  ): Promise<PublishResult[]> {
    const type = protocolError(cause);
    if (produced === 0) return batch.map(() => ({ outcome: 'not_accepted', cause }));
    if (TOO_LARGE.has(type)) return this.sendSingly(batch, cause);
    // One answer speaks for all partitions of a request, of which others may have been stored.
    const onePartition = batch.every(({ partition }) => partition === batch[0].partition);
    const stored = !(produced === 1 && onePartition && REJECTED.has(type));
    return batch.map(() => ({ outcome: stored ? 'unknown' : 'not_accepted', cause }));
  }

  /** The topic's limit was lowered below a batch: finds the records that are over it. The others may come twice. */
  private async sendSingly(batch: readonly QueuedRecord[], cause: unknown): Promise<PublishResult[]> {
    if (batch.length === 1) return [{ outcome: 'refused', code: 'too_large', cause }];
    const results: PublishResult[] = [];
    for (const one of batch) {
      await within(this.connection.opening(), ACK_WITHIN_MS, () => this.unavailable());
      results.push(...(await this.send([one])));
    }
    return results;
  }

  private unavailable(cause?: unknown): Error {
    if (cause instanceof Error && cause.name === 'LogSettingsError') return cause;
    return new BrokerUnavailableError({ broker: `Kafka at ${this.options.brokers.join(',')}`, cause });
  }
}

/** kafkajs may report success without having sent a partition whose leader moved between two tries. */
function readOffsets(batch: readonly QueuedRecord[], metadata: readonly RecordMetadata[]): PublishResult[] {
  const next = new Map(
    metadata.map(({ partition, baseOffset }) => [
      partition,
      baseOffset === undefined ? undefined : BigInt(baseOffset),
    ]),
  );
  return batch.map(({ partition }) => {
    const offset = next.get(partition);
    if (offset === undefined || offset < 0n) {
      return { outcome: 'unknown', cause: new Error(`Kafka's answer lacks partition ${partition}`) };
    }
    next.set(partition, offset + 1n);
    return { outcome: 'accepted', partition, offset };
  });
}

/** kafkajs wraps the broker's answer once or twice. */
function protocolError(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    const { type } = at as { type?: unknown };
    if (typeof type === 'string') return type;
  }
  return '';
}
