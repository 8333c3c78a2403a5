import type { TestDatabase } from '@bus/embedded-postgres';
import { createStorePool, type StorePool } from '../../postgres/connection';
import { createStoreDatabase } from '../create-store-database';
import { compareStores } from './conformance/compare-stores';

describe('InMemoryStore', () => {
  let database: TestDatabase;
  let pool: StorePool;

  beforeAll(async () => {
    database = await createStoreDatabase('compared');
    pool = createStorePool({ connectionString: database.url, applicationName: 'compared-spec' });
  }, 60_000);
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it('answers and stores what the store on PostgreSQL does, whatever the sequence of commands', async () => {
    const found = await compareStores({ pool, runs: 60, seed: 20_260_101, timeLimitMs: 100_000 });
    expect(found.difference).toBeNull();
    expect(found.sequences).toBe(60);
    expect(Object.keys(found.kinds)).toHaveLength(15);
  }, 120_000);
});
