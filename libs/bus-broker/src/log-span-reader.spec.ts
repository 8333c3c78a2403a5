import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { describeWithKafka, sharedTestKafka } from '@bus/kafka-dev';
import type { BrokerOptions } from './broker-options';
import { BrokerUnavailableError } from './broker.errors';
import { createPublisher, createSpanReader, ensureLog } from './create-broker';
import type { LogSpan, SpanPage } from './log-span-reader';
import { allAccepted, keysOf, textRecord } from './testing/broker-harness';
import { KafkaHand } from './testing/kafka-hand';

const PARTITIONS = 3;
const texts = (name: string, count: number) => Array.from({ length: count }, (_, at) => `${name}${at}`);

async function publish(options: BrokerOptions, partition: number, values: readonly string[]): Promise<void> {
  const [key] = keysOf(partition, PARTITIONS);
  const publisher = createPublisher(options);
  await publisher.start();
  allAccepted(await publisher.publish(values.map((text) => textRecord(key, text))));
  await publisher.stop();
}

async function pagesOf(options: BrokerOptions, spans: readonly LogSpan[]): Promise<SpanPage[]> {
  const reader = createSpanReader(options);
  const pages: SpanPage[] = [];
  try {
    await reader.read(spans, async (page) => void pages.push(page));
  } finally {
    await reader.stop();
  }
  return pages;
}

const valuesOf = (pages: readonly SpanPage[], partition: number) =>
  pages
    .filter((page) => page.partition === partition)
    .flatMap(({ records }) => records.map(({ value }) => String(value)));

/** What holds on both brokers. */
function readsSpans(fresh: () => Promise<BrokerOptions>): void {
  it('reads just the span of each partition, in order, and pages of at most 500 records', async () => {
    const options = await fresh();
    await publish(options, 0, texts('a', 1_200));
    await publish(options, 1, texts('b', 5));
    await publish(options, 2, texts('c', 5));

    const pages = await pagesOf(options, [
      { partition: 0, from: 100n, to: 1_150n },
      { partition: 1, from: 0n, to: 5n },
    ]);

    expect(valuesOf(pages, 0)).toEqual(texts('a', 1_200).slice(100, 1_150));
    expect(valuesOf(pages, 1)).toEqual(texts('b', 5));
    expect(valuesOf(pages, 2)).toEqual([]);
    expect(Math.max(...pages.map(({ records }) => records.length))).toBeLessThanOrEqual(500);
    expect(pages.filter(({ partition }) => partition === 0).at(-1)?.next).toBe(1_150n);
  }, 60_000);

  it('reads nothing of an empty span, and the same records as often as it is asked', async () => {
    const options = await fresh();
    await publish(options, 0, texts('a', 3));
    const span = { partition: 0, from: 0n, to: 3n };
    expect(await pagesOf(options, [{ partition: 0, from: 3n, to: 3n }])).toEqual([]);
    const reader = createSpanReader(options);
    for (let time = 0; time < 2; time += 1) {
      const pages: SpanPage[] = [];
      await reader.read([span], async (page) => void pages.push(page));
      expect(valuesOf(pages, 0)).toEqual(texts('a', 3));
    }
    await reader.stop();
  }, 60_000);

  it('ends with the fault of whoever takes the pages', async () => {
    const options = await fresh();
    await publish(options, 0, texts('a', 3));
    const reader = createSpanReader(options);
    const taken = reader.read([{ partition: 0, from: 0n, to: 3n }], () =>
      Promise.reject(new Error('the store is away')),
    );
    await expect(taken).rejects.toThrow('the store is away');
    await reader.stop();
  }, 60_000);
}

describe('spans of the PostgreSQL log', () => {
  let database: TestDatabase;
  beforeEach(async () => (database = await createTestDatabase('log_span')));
  afterEach(() => database.drop());

  readsSpans(async () => {
    const options = { broker: 'postgres' as const, databaseUrl: database.url, partitions: PARTITIONS };
    await ensureLog(options);
    return options;
  });

  it('cannot be read while the server is away', async () => {
    const away = { broker: 'postgres' as const, databaseUrl: 'postgres://bus@127.0.0.1:1/bus' };
    const reader = createSpanReader(away);
    const read = reader.read([{ partition: 0, from: 0n, to: 1n }], () => Promise.resolve());
    await expect(read).rejects.toThrow(BrokerUnavailableError);
    await reader.stop();
  });
});

describeWithKafka('spans of the Kafka log', () => {
  let brokers: string;
  beforeAll(async () => ({ brokers } = await sharedTestKafka()), 120_000);

  async function fresh() {
    const options = {
      broker: 'kafka' as const,
      kafkaBrokers: [brokers],
      topic: `events-${randomUUID()}`,
      partitions: PARTITIONS,
      devSingleBroker: true,
    };
    await ensureLog(options);
    return options;
  }

  readsSpans(fresh);

  it('passes over aborted records in the middle and at the end, and says how far it came', async () => {
    const options = await fresh();
    const hand = new KafkaHand(brokers, options.topic);
    await publish(options, 1, ['before']);
    await hand.transaction(1, ['aborted-1', 'aborted-2'], 'abort');
    await publish(options, 1, ['between']);
    await hand.transaction(1, ['aborted-3'], 'abort');
    const to = await hand.end(1);

    const pages = await pagesOf(options, [{ partition: 1, from: 0n, to }]);

    expect(valuesOf(pages, 1)).toEqual(['before', 'between']);
    expect(pages.at(-1)?.next).toBe(to);
  }, 60_000);

  it('comes to the end of a span that holds aborted records alone', async () => {
    const options = await fresh();
    const hand = new KafkaHand(brokers, options.topic);
    await hand.transaction(2, ['aborted-1', 'aborted-2'], 'abort');
    const to = await hand.end(2);
    expect(await pagesOf(options, [{ partition: 2, from: 0n, to }])).toEqual([
      { partition: 2, records: [], next: to },
    ]);
  }, 60_000);

  it('leaves no group behind', async () => {
    const options = await fresh();
    await publish(options, 0, ['one']);
    await pagesOf(options, [{ partition: 0, from: 0n, to: 1n }]);
    const { groups } = await new KafkaHand(brokers, options.topic).admin((admin) => admin.listGroups());
    expect(groups.filter(({ groupId }) => groupId.includes(`${options.topic}.span.`))).toEqual([]);
  }, 60_000);
});
