import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import type { BrokerOptions } from '../broker-options';
import { ensureLog } from '../create-broker';
import { growthConformance } from '../testing/growth.conformance';

describe('the log table', () => {
  let database: TestDatabase;
  let options: BrokerOptions;
  afterEach(() => database.drop());

  growthConformance({
    title: 'that grows',
    timeoutMs: 60_000,
    open: async () => {
      database = await createTestDatabase('broker_growth');
      return (options = { broker: 'postgres', databaseUrl: database.url });
    },
    grow: async (partitions) => void (await ensureLog({ ...options, partitions })),
  });
});
