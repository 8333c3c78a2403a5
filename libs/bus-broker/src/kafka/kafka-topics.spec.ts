import { randomUUID } from 'node:crypto';
import { describeWithKafka, sharedTestKafka } from '@bus/kafka-dev';
import { Kafka, logLevel } from 'kafkajs';
import { LogSettingsError } from '../broker.errors';
import { createPublisher, createSubscriber, ensureLog } from '../create-broker';
import { RecordingReceiver } from '../testing/recording-receiver';

describeWithKafka('the check of a Kafka topic', () => {
  let brokers: string;
  beforeAll(async () => {
    ({ brokers } = await sharedTestKafka());
  }, 120_000);

  function options(topic: string, over: { devSingleBroker?: boolean; partitions?: number } = {}) {
    return {
      broker: 'kafka' as const,
      kafkaBrokers: [brokers],
      topic,
      partitions: 3,
      devSingleBroker: true,
      ...over,
    };
  }

  async function createByHand(topic: string, settings: Record<string, string>): Promise<void> {
    const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1, configEntries }] });
    await admin.disconnect();
  }

  it('passes what ensureLog made, however often, and names the cluster in the log id', async () => {
    const topic = `events-${randomUUID()}`;
    const logId = await ensureLog(options(topic));
    expect(logId).toMatch(new RegExp(`^kafka:[\\w-]{22}/${topic}$`));
    expect(await ensureLog(options(topic))).toBe(logId);
  }, 30_000);

  it('names every setting that breaks a promise, and the fix', async () => {
    const topic = `events-${randomUUID()}`;
    await createByHand(topic, { 'retention.ms': '60000', 'cleanup.policy': 'compact' });
    const failure: unknown = await ensureLog(options(topic, { devSingleBroker: false, partitions: 6 })).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(LogSettingsError);
    expect((failure as LogSettingsError).problems).toEqual([
      'it has 3 partitions; set BUS_PARTITIONS=3, or drain it and add partitions',
      'set message.timestamp.type=LogAppendTime',
      'set cleanup.policy=delete: compaction drops events',
      'set retention.ms to at least 604800000 (7 days), or -1',
      'set max.message.bytes to at least 2097152',
      'it has 1 copies; raise its replication to 3',
      'set min.insync.replicas to at least 2',
      'or set DEV_SINGLE_BROKER=true on a development machine',
    ]);
  }, 30_000);

  it('keeps publishers and subscribers from starting on a missing topic', async () => {
    const missing = options(`events-${randomUUID()}`);
    const publisher = createPublisher(missing);
    await expect(publisher.start()).rejects.toThrow('it does not exist; run bus-migrate');
    await publisher.stop();
    const subscriber = createSubscriber(missing);
    await expect(subscriber.start(new RecordingReceiver())).rejects.toThrow('run bus-migrate');
    await subscriber.stop();
  }, 30_000);

  it('refuses one node without DEV_SINGLE_BROKER', async () => {
    const topic = `events-${randomUUID()}`;
    await ensureLog(options(topic));
    const publisher = createPublisher(options(topic, { devSingleBroker: false }));
    await expect(publisher.start()).rejects.toThrow('DEV_SINGLE_BROKER=true');
    await publisher.stop();
  }, 30_000);

  it('leaves partitions over the configured number unread', async () => {
    const topic = `events-${randomUUID()}`;
    await ensureLog(options(topic));
    const publisher = createPublisher(options(topic));
    await publisher.start();
    const records = Array.from({ length: 60 }, (_, at) => ({
      key: `k${at}`,
      value: Buffer.from(`${at}`),
      headers: {},
    }));
    const results = await publisher.publish(records);
    const inFirstTwo = results.filter(
      (result) => result.outcome === 'accepted' && result.partition < 2,
    ).length;
    const subscriber = createSubscriber(options(topic, { partitions: 2 }));
    const receiver = new RecordingReceiver();
    await subscriber.start(receiver);
    await receiver.until('the first two partitions', () => receiver.store.records.length === inFirstTwo);
    expect(receiver.store.valuesOf(2)).toEqual([]);
    expect([...receiver.asked[0].logStarts.keys()].sort()).toEqual([0, 1]);
    await subscriber.stop();
    await publisher.stop();
  }, 30_000);
});
