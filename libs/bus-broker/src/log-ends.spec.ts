import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partitionOf } from '@bus/domain';
import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { describeWithKafka, type RunningKafka, startKafka } from '@bus/kafka-dev';
import type { BrokerOptions } from './broker-options';
import { BrokerUnavailableError, LogSettingsError } from './broker.errors';
import { createLogEnds, createPublisher, ensureLog } from './create-broker';
import { allAccepted, textRecord } from './testing/broker-harness';

const PARTITIONS = 4;

/** Publishes three records of one key, and reads how far its log reaches. */
async function extentAfterThree(options: BrokerOptions) {
  const logId = await ensureLog(options);
  const publisher = createPublisher(options);
  const ends = createLogEnds(options);
  try {
    await publisher.start();
    allAccepted(await publisher.publish(['a', 'b', 'c'].map((text) => textRecord('key', text))));
    return { logId, extent: await ends.read() };
  } finally {
    await ends.stop();
    await publisher.stop();
  }
}

const hit = partitionOf('key', PARTITIONS);
const afterThree = new Map(
  Array.from({ length: PARTITIONS }, (_, partition) => [
    partition,
    { start: 0n, end: partition === hit ? 3n : 0n },
  ]),
);

describe('the ends of the PostgreSQL log', () => {
  let database: TestDatabase;

  beforeAll(async () => (database = await createTestDatabase('log_ends')));
  afterAll(() => database.drop());

  const options = (): BrokerOptions => ({
    broker: 'postgres',
    databaseUrl: database.url,
    partitions: PARTITIONS,
  });

  it('are missing with their tables, and the error says what makes them', async () => {
    const ends = createLogEnds(options());
    await expect(ends.read()).rejects.toThrow(LogSettingsError);
    await expect(ends.read()).rejects.toThrow('run bus-migrate');
    await ends.stop();
  });

  it('are the offsets of the next records', async () => {
    const { logId, extent } = await extentAfterThree(options());
    expect(extent).toEqual({ logId, bounds: afterThree });
  });

  it('are not told while the server is away', async () => {
    const ends = createLogEnds({ ...options(), databaseUrl: 'postgres://bus@127.0.0.1:1/bus' });
    await expect(ends.read()).rejects.toThrow(BrokerUnavailableError);
    await ends.stop();
  });
});

describeWithKafka('the ends of the Kafka log', () => {
  let dataDir: string;
  let kafka: RunningKafka;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'log-ends-'));
    kafka = await startKafka({ dataDir });
  }, 120_000);
  afterAll(async () => {
    await kafka.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('are the offsets of the next records', async () => {
    const { logId, extent } = await extentAfterThree({
      broker: 'kafka',
      kafkaBrokers: [kafka.brokers],
      topic: `events-${randomUUID()}`,
      partitions: PARTITIONS,
      devSingleBroker: true,
    });
    expect(extent).toEqual({ logId, bounds: afterThree });
  }, 30_000);
});
