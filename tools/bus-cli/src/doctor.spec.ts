import { randomUUID } from 'node:crypto';
import { stripVTControlCharacters } from 'node:util';
import { ensureLog, type BrokerOptions } from '@bus/broker';
import type { TestDatabase } from '@bus/embedded-postgres';
import { describeWithKafka, sharedTestKafka } from '@bus/kafka-dev';
import { createStoreDatabase } from '@bus/store/testing';
import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import { examine, isWell, renderDoctor } from './doctor';

describe(examine, () => {
  let database: TestDatabase;
  const broker = (): BrokerOptions => ({ broker: 'postgres', databaseUrl: database.url, partitions: 2 });
  const report = (over: Partial<BrokerOptions> = {}) =>
    examine({ databaseUrl: database.url, databasePool: 6, broker: { ...broker(), ...over } });
  const query = async (text: string) => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(text);
    await client.end();
  };

  beforeEach(async () => (database = await createStoreDatabase('doctor')));
  afterEach(() => database.drop());

  it('finds nothing in the log against a start after bus-migrate', async () => {
    await ensureLog(broker());
    const { log } = await report();
    expect(log.map(({ subject, level }) => `${subject} ${level}`)).toEqual([
      'log tables good',
      'log partitions good',
      'log offsets good',
    ]);
  });

  it('finds a log that was not made, and one with fewer or more partitions', async () => {
    expect((await report()).log).toMatchObject([
      { level: 'fault', fix: expect.stringContaining('run bus-migrate') },
    ]);
    await ensureLog(broker());
    expect((await report({ partitions: 3 })).log).toMatchObject([
      { level: 'fault', fix: expect.stringContaining('2 partitions of 3') },
    ]);
    const grown = (await report({ partitions: 1 })).log;
    expect(grown[1]).toMatchObject({ level: 'fault', fix: expect.stringContaining('BUS_PARTITIONS=2') });
    await query('update bus_broker.partition set first_offset = 9 where partition = 1');
    expect((await report()).log[2]).toMatchObject({ level: 'fault' });
  });

  it('says what is away, and the fix, instead of failing', async () => {
    const databaseUrl = 'postgres://bus@127.0.0.1:1/bus';
    const away = await examine({ databaseUrl, databasePool: 6, broker: { broker: 'postgres', databaseUrl } });
    expect(away.store).toMatchObject([{ level: 'fault', fix: 'start it, or set DATABASE_URL' }]);
    expect(away.log).toMatchObject([{ level: 'fault', fix: 'start it, or set DATABASE_URL' }]);
    expect(isWell(away)).toBe(false);
  });

  it('prints a line for each finding, with its fix below', () => {
    const text = stripVTControlCharacters(
      renderDoctor({
        store: [{ subject: 'fsync', found: 'off', level: 'fault', fix: 'set fsync=on' }],
        log: [
          { subject: 'replication', found: '1', level: 'advice', fix: 'for development only' },
          { subject: 'partitions', found: '12', level: 'good', fix: null },
        ],
      }),
    );
    expect(text).toContain('✗ fsync: off\n    set fsync=on');
    expect(text).toContain('! replication: 1\n    for development only');
    expect(text).toContain('✓ partitions: 12');
    expect(text).toContain('✗ mend what is marked');
  });
});

describeWithKafka('examine on Kafka', () => {
  let brokers: string;
  beforeAll(async () => ({ brokers } = await sharedTestKafka()), 120_000);

  async function levels(broker: BrokerOptions): Promise<Record<string, string>> {
    const { log } = await examine({ databaseUrl: 'postgres://bus@127.0.0.1:1/bus', databasePool: 6, broker });
    return Object.fromEntries(log.map(({ subject, level }) => [subject, level]));
  }
  const options = (topic: string, devSingleBroker: boolean): BrokerOptions => ({
    broker: 'kafka',
    kafkaBrokers: [brokers],
    topic,
    partitions: 3,
    devSingleBroker,
  });

  it('finds one copy to be advice in development, and a fault otherwise', async () => {
    const topic = `events-${randomUUID()}`;
    await ensureLog(options(topic, true));
    expect(await levels(options(topic, true))).toEqual({
      [`topic ${topic}`]: 'good',
      partitions: 'good',
      'message.timestamp.type': 'good',
      'cleanup.policy': 'good',
      'retention.ms': 'good',
      'retention.bytes': 'good',
      'max.message.bytes': 'good',
      replication: 'advice',
      'min.insync.replicas': 'advice',
      'unclean.leader.election.enable': 'good',
    });
    expect(await levels(options(topic, false))).toMatchObject({
      replication: 'fault',
      'min.insync.replicas': 'fault',
    });
  }, 60_000);

  it('finds every setting that breaks a promise, and a topic that is missing', async () => {
    const topic = `events-${randomUUID()}`;
    const settings = {
      'retention.ms': '60000',
      'cleanup.policy': 'compact',
      'retention.bytes': '1000000',
      'unclean.leader.election.enable': 'true',
    };
    const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 1, configEntries }] });
    await admin.disconnect();
    const found = await levels(options(topic, false));
    expect(Object.values(found).filter((level) => level === 'fault')).toHaveLength(9);
    expect(await levels(options('events-missing', true))).toEqual({ 'topic events-missing': 'fault' });
  }, 60_000);
});
