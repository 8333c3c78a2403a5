import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endLeftover, startPostgres, type RunningPostgres } from './start-postgres';
import { isRunning } from './running-process';

const PREFIX = 'omnibus-test-postgres-';

/** One PostgreSQL for a whole test run: a throw-away directory, a free port, nothing flushed to disk.
 *  What killed runs left behind (servers and directories) is cleared away first. */
export async function startTestServer(): Promise<{ url: string; stop(): Promise<void> }> {
  await clearLeftovers();
  const dataDir = join(tmpdir(), `${PREFIX}${process.pid}`);
  const server: RunningPostgres = await startPostgres({ dataDir, port: 0, durable: false });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function clearLeftovers(): Promise<void> {
  const directories = readdirSync(tmpdir()).filter((name) => new RegExp(`^${PREFIX}\\d+$`).test(name));
  for (const name of directories) {
    if (isRunning(Number(name.slice(PREFIX.length)))) continue;
    const dataDir = join(tmpdir(), name);
    await endLeftover(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(`${dataDir}.owner.json`, { force: true });
  }
}
