import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess, freePort } from '@bus/embedded-postgres';
import { describeWithKafka, startKafka } from '@bus/kafka-dev';
import { createPublisher, createSubscriber, ensureLog } from '../create-broker';
import { cutLinkConformance } from '../testing/cut-link.conformance';
import { Link } from '../testing/link';

describeWithKafka('Kafka behind a link', () => {
  cutLinkConformance('Kafka', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'kafka-link-'));
    const port = await freePort();
    const link = new Link({ host: '127.0.0.1', port });
    const advertisedPort = await link.open();
    const kafka = await startKafka({ dataDir, port, advertisedPort });
    const options = {
      broker: 'kafka' as const,
      kafkaBrokers: [`127.0.0.1:${advertisedPort}`],
      topic: 'events',
      partitions: 3,
      devSingleBroker: true,
    };
    await ensureLog(options);
    return {
      partitions: options.partitions,
      link,
      publisher: () => createPublisher(options),
      subscriber: () => createSubscriber(options),
      close: async () => {
        await link.cut();
        await endProcess(kafka.pid, 'SIGKILL', 5_000);
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  });
});
