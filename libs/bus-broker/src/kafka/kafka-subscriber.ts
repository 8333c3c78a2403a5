import type { Consumer, EachBatchPayload } from 'kafkajs';
import type { BrokerLogger } from '../broker-options';
import { type BatchReceiver, BrokerSubscriber, type PartitionLag } from '../broker-subscriber';
import { LogSettingsError } from '../broker.errors';
import { lagOf, strayed, type PartitionProgress } from '../partition-progress';
import { WakeLine } from '../wake-line';
import { within } from '../within';
import { KafkaAdminLine } from './kafka-admin-line';
import { KafkaAssignment } from './kafka-assignment';
import { kafkaConsumer } from './kafka-consumer';
import { KafkaIntake } from './kafka-intake';
import { KafkaPositions } from './kafka-positions';
import { checkTopic, type TopicDemands } from './kafka-topics';

export interface KafkaSubscriberOptions extends TopicDemands {
  brokers: readonly string[];
  clientId: string;
  groupId: string;
  logger: BrokerLogger;
}

/** One consumer of kafkajs, from its making to its crash or end. */
interface Run {
  consumer: Consumer;
  assignment: KafkaAssignment;
  intake: KafkaIntake;
}

const AT_ONCE = 3;
const AGAIN_AFTER_MS = 500;
const CLOSE_WITHIN_MS = 20_000;

/**
 * Reads a Kafka topic as a member of a consumer group. The group only shares the partitions: positions come from the
 * receiver, at every assignment, and each partition rests until its position is known. A consumer that crashed is
 * thrown away and another one made, so that kafkajs's own restarts never run beside ours.
 */
export class KafkaSubscriber extends BrokerSubscriber {
  private readonly admin: KafkaAdminLine;
  private readonly ending = new WakeLine();
  private askStop: () => void = () => undefined;
  private readonly stopAsked = new Promise<undefined>((done) => (this.askStop = () => done(undefined)));
  private positions: KafkaPositions | undefined;
  private receiver: BatchReceiver | undefined;
  private run: Run | undefined;
  private paused = false;
  private stopped = false;
  private away = false;
  private running: Promise<void> | undefined;
  /** How `start` ends; no more than once. */
  private first: { joined(): void; refused(fault: unknown): void } | undefined;

  constructor(private readonly options: KafkaSubscriberOptions) {
    super();
    this.admin = new KafkaAdminLine(options);
  }

  async start(receiver: BatchReceiver): Promise<void> {
    const { topic, partitions, logger } = this.options;
    const positions = new KafkaPositions({ topic, partitions, admin: this.admin, logger }, receiver);
    this.positions = positions;
    this.receiver = receiver;
    const assignment = new Promise<void>((joined, refused) => (this.first = { joined, refused }));
    this.running = this.keepRunning(receiver, positions);
    await assignment;
  }

  pause(): void {
    this.paused = true;
    this.run?.assignment.setPaused(true);
  }

  resume(): void {
    this.paused = false;
    this.run?.assignment.setPaused(false);
  }

  async lag(): Promise<PartitionLag[]> {
    if (!this.positions) return [];
    const { bounds } = await this.positions.look();
    return (this.run?.assignment.all() ?? []).map((progress) => lagOf(progress, bounds));
  }

  async recheck(): Promise<void> {
    const { run, receiver, positions } = this;
    if (!run || !receiver || !positions) return;
    const { assignment } = run;
    const held = assignment.all().filter(({ readable, position }) => readable && position !== undefined);
    for (const progress of await strayed(receiver, held[0]?.logId ?? '', held)) {
      await progress.turn(async () => {
        if (!assignment.isCurrent(progress) || !progress.readable) return;
        const before = progress.position;
        await positions.load([progress]);
        if (progress.position === before) return; // a batch was just ending
        const { partition, position } = progress;
        const details = { partition, from: String(before), to: String(position) };
        this.options.logger('warn', 'the stored position was moved; reading goes on there', details);
        assignment.seek(progress);
      });
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.askStop();
    this.ending.wake();
    await this.running;
    this.first?.joined();
    await this.admin.close();
  }

  private async keepRunning(receiver: BatchReceiver, positions: KafkaPositions): Promise<void> {
    while (!this.stopped) {
      try {
        await this.admin.ask((admin) => checkTopic(admin, this.options));
        await this.runOnce(receiver, positions);
      } catch (cause) {
        this.report(cause);
      }
      if (!this.stopped) await this.ending.rest(AGAIN_AFTER_MS);
    }
  }

  /** A log that is not as promised ends `start`; seen later, it may be mended while we wait. */
  private report(cause: unknown): void {
    if (this.first && cause instanceof LogSettingsError) {
      this.stopped = true;
      this.first.refused(cause);
      this.first = undefined;
    }
    const level = this.away ? 'debug' : 'warn'; // once for each time that it is away
    this.away = true;
    this.options.logger(level, 'Kafka is away; reading goes on once it is back', { cause: String(cause) });
  }

  /** Until the consumer crashes, or `stop`. */
  private async runOnce(receiver: BatchReceiver, positions: KafkaPositions): Promise<void> {
    const run = this.makeRun(receiver, positions);
    const { consumer, assignment } = run;
    this.run = run;
    try {
      const crashed = new Promise<unknown>((done) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => done(payload.error));
      });
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        this.joined(assignment, payload.memberAssignment[this.options.topic] ?? []);
      });
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
        if (payload.batchSize === 0) void this.onEmptyFetch(run, payload);
      });
      await consumer.connect();
      await consumer.subscribe({ topics: [this.options.topic], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: AT_ONCE,
        eachBatch: (payload) => this.onBatch(run, payload),
      });
      const crash = await Promise.race([crashed, this.stopAsked]);
      if (crash)
        this.options.logger('warn', 'the Kafka consumer crashed; another one starts', {
          cause: String(crash),
        });
    } finally {
      await this.close(run);
    }
  }

  private makeRun(receiver: BatchReceiver, positions: KafkaPositions): Run {
    const { topic, partitions, logger } = this.options;
    const consumer = kafkaConsumer(this.options);
    const assignment = new KafkaAssignment(consumer, { topic, partitions, positions, logger });
    assignment.setPaused(this.paused);
    const paused = () => this.paused || this.stopped;
    return {
      consumer,
      assignment,
      intake: new KafkaIntake({ receiver, positions, assignment, logger, paused }),
    };
  }

  private joined(assignment: KafkaAssignment, partitions: number[]): void {
    this.away = false;
    this.options.logger('info', 'partitions are assigned', { partitions });
    assignment.replace(partitions);
    this.first?.joined();
    this.first = undefined;
  }

  private async onBatch({ consumer, assignment, intake }: Run, payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset } = payload;
    const progress = assignment.get(batch.partition);
    if (!progress) return;
    const next = BigInt(batch.lastOffset()) + 1n;
    await intake.take(progress, {
      messages: batch.messages,
      first: BigInt(batch.firstOffset() ?? batch.messages[0].offset),
      next,
      heartbeat,
      resolve: (stored) => resolveOffset(String(stored - 1n)),
    });
    if (progress.position !== undefined && progress.position >= next) this.hint(consumer, progress);
  }

  /** kafkajs passes over a fetch of control records and aborted ones by itself, and only tells of it. */
  private async onEmptyFetch(
    { assignment, intake }: Run,
    fetch: { partition: number; firstOffset: string | null; lastOffset: string },
  ): Promise<void> {
    const progress = assignment.get(fetch.partition);
    if (!progress) return;
    const next = BigInt(fetch.lastOffset) + 1n;
    await intake.take(progress, {
      messages: [],
      first: fetch.firstOffset === null ? (progress.position ?? next) : BigInt(fetch.firstOffset),
      next,
      heartbeat: () => Promise.resolve(),
      resolve: () => undefined,
    });
  }

  /** Only for Kafka's own tools: nothing reads it back. */
  private hint(consumer: Consumer, { partition, position }: PartitionProgress): void {
    const { topic, logger } = this.options;
    consumer.commitOffsets([{ topic, partition, offset: String(position) }]).catch((cause: unknown) => {
      logger('debug', 'the group offset was not committed', { partition, cause: String(cause) });
    });
  }

  private async close({ consumer, assignment }: Run): Promise<void> {
    const late = () => new Error(`the Kafka consumer did not close within ${CLOSE_WITHIN_MS / 1000} s`);
    try {
      await within(consumer.disconnect(), CLOSE_WITHIN_MS, late);
    } catch (cause) {
      this.options.logger('warn', 'a Kafka consumer was left behind', { cause: String(cause) });
    }
    assignment.end();
    this.run = undefined;
  }
}
