import { createTestDatabase } from '@bus/embedded-postgres';
import { Client } from 'pg';
import { createPublisher, createSubscriber, ensureLog } from '../create-broker';
import { brokerConformance } from '../testing/broker.conformance';
import { Link } from '../testing/link';

const PARTITIONS = 4;

brokerConformance({
  title: 'the PostgreSQL broker',
  open: async () => {
    const database = await createTestDatabase('broker');
    const { hostname, port } = new URL(database.url);
    const link = new Link({ host: hostname, port: Number(port) });
    const linked = new URL(database.url);
    linked.port = String(await link.open());
    const options = { broker: 'postgres' as const, databaseUrl: linked.href, partitions: PARTITIONS };
    await ensureLog(options);
    const run = async (statement: string, values: unknown[] = []) => {
      const client = new Client({ connectionString: database.url });
      await client.connect();
      await client.query(statement, values);
      await client.end();
    };
    return {
      partitions: PARTITIONS,
      publisher: () => createPublisher(options),
      subscriber: () => createSubscriber(options),
      gap: async (partition) => {
        await run('update bus_broker.partition set next_offset = next_offset + 2 where partition = $1', [
          partition,
        ]);
        return 2n;
      },
      dropBefore: async (partition, offset) => {
        const values = [partition, String(offset)];
        await run('update bus_broker.partition set first_offset = $2 where partition = $1', values);
        await run('delete from bus_broker.record where partition = $1 and "offset" < $2', values);
      },
      goAway: () => link.cut(),
      comeBack: async () => void (await link.open()),
      recreate: async () => {
        await run('drop schema bus_broker cascade');
        await ensureLog(options);
      },
      close: async () => {
        await link.cut();
        await database.drop();
      },
    };
  },
});
