import { createTestDatabase } from '@bus/embedded-postgres';
import { createPublisher, createSubscriber, ensureLog } from '../create-broker';
import { cutLinkConformance } from '../testing/cut-link.conformance';
import { Link } from '../testing/link';

describe('PostgreSQL behind a link', () => {
  cutLinkConformance('PostgreSQL', async () => {
    const database = await createTestDatabase('broker_link');
    const { hostname, port } = new URL(database.url);
    const link = new Link({ host: hostname, port: Number(port) });
    const linked = new URL(database.url);
    linked.port = String(await link.open());
    const options = { broker: 'postgres' as const, databaseUrl: linked.href, partitions: 3 };
    await ensureLog(options);
    return {
      partitions: options.partitions,
      link,
      publisher: () => createPublisher(options),
      subscriber: () => createSubscriber(options),
      close: async () => {
        await link.cut();
        await database.drop();
      },
    };
  });
});
