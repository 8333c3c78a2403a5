import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess } from '@bus/embedded-postgres';
import { describeWithKafka, type RunningKafka, startKafka } from '@bus/kafka-dev';
import { createPublisher, createSubscriber, ensureLog } from '../create-broker';
import { brokerConformance } from '../testing/broker.conformance';
import { KafkaHand } from '../testing/kafka-hand';

const PARTITIONS = 4;

describeWithKafka('Kafka', () => {
  let place: string;
  let dataDir: string;
  let kafka: RunningKafka;
  const port = () => Number(kafka.brokers.split(':')[1]);

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'kafka-broker-'));
    dataDir = join(place, 'first');
    kafka = await startKafka({ dataDir });
  }, 120_000);

  afterAll(async () => {
    await endProcess(kafka.pid, 'SIGKILL', 5_000);
    rmSync(place, { recursive: true, force: true });
  });

  brokerConformance({
    title: 'the Kafka broker',
    timeoutMs: 120_000,
    open: async () => {
      const topic = `events-${randomUUID()}`;
      const options = {
        broker: 'kafka' as const,
        kafkaBrokers: [kafka.brokers],
        topic,
        partitions: PARTITIONS,
        devSingleBroker: true,
      };
      await ensureLog(options);
      const hand = new KafkaHand(kafka.brokers, topic);
      return {
        partitions: PARTITIONS,
        publisher: () => createPublisher(options),
        subscriber: () => createSubscriber(options),
        gap: (partition) => hand.transaction(partition, ['aborted-1', 'aborted-2'], 'abort'),
        dropBefore: (partition, offset) => hand.dropBefore(partition, offset),
        goAway: () => endProcess(kafka.pid, 'SIGKILL', 5_000),
        comeBack: async () => {
          kafka = await startKafka({ dataDir, port: port() });
        },
        recreate: async () => {
          await endProcess(kafka.pid, 'SIGKILL', 5_000);
          dataDir = join(place, randomUUID());
          kafka = await startKafka({ dataDir, port: port() });
          await ensureLog(options);
        },
        close: async () => undefined,
      };
    },
  });
});
