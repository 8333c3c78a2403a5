import { startApp } from '@bus/app-shell';
import { createStorePool, type StorePool } from '@bus/store';
import { createStoreDatabase, HistorySeed } from '@bus/store/testing';
import supertest from 'supertest';
import { bootOptions } from '../boot-options';
import { readConfig } from '../bus-console.config';

/** Time for a database and an app; the first one migrates the template. */
export const CONSOLE_READY_MS = 30_000;

export interface ConsoleStage {
  http: ReturnType<typeof supertest>;
  url: string;
  databaseUrl: string;
  pool: StorePool;
  seed: HistorySeed;
  close(): Promise<void>;
}

/**
 * The console as it runs, on a free port and a database of its own; endpoints may name 127.0.0.1 alone.
 * @param env settings beside these
 */
export async function openConsole(env: Record<string, string> = {}): Promise<ConsoleStage> {
  const database = await createStoreDatabase('console');
  const pool = createStorePool({ connectionString: database.url, applicationName: 'console-spec' });
  const config = readConfig({
    DATABASE_URL: database.url,
    HTTP_PORT: '0',
    LOG_LEVEL: 'silent',
    OPERATION_HOSTS: '127.0.0.1',
    ...env,
  });
  const app = await startApp(bootOptions(config));
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  return {
    http: supertest(url),
    url,
    databaseUrl: database.url,
    pool,
    seed: new HistorySeed(pool),
    close: async () => {
      await app.close();
      await pool.end();
      await database.drop();
    },
  };
}
