import { startPostgres } from '@bus/embedded-postgres';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where `createStoreDatabase` looks for its server. */
const SERVER = 'TEST_DATABASE_URL';

/**
 * Gives `work` a PostgreSQL of its own, unless there is one already (a test run's). Nothing is flushed to disk: what
 * decides a race is locks, not the disk.
 */
export async function withServer<T>(workDir: string, work: () => Promise<T>): Promise<T> {
  if (process.env[SERVER]) return work();
  const server = await startPostgres({ dataDir: join(workDir, 'postgres'), port: 0, durable: false });
  process.env[SERVER] = server.url;
  try {
    return await work();
  } finally {
    delete process.env[SERVER];
    await server.stop();
    rmSync(server.dataDir, { recursive: true, force: true });
  }
}
