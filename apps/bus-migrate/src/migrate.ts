import { StartupError } from '@bus/app-shell';
import { ensureLog } from '@bus/broker';
import { BusError } from '@bus/contracts';
import { PostgresPartitionUpkeep, createStorePool, migrateStore } from '@bus/store';
import type { BusMigrateConfig } from './bus-migrate.config';

/** Days of `event` and `attempt` that are made ahead; bus-consumer goes on making them. */
const DAYS_AHEAD = 3;

/**
 * Tables of the store, days ahead, the log (tables or topic), and the topic of dead letters where one is named. Safe to run again, and several times at once: one
 * runs, the others wait for it.
 * @param tell one line per thing done
 * @throws StartupError that names the fix where Postgres or the broker is away, or the log's settings break a promise
 */
export async function migrate(config: BusMigrateConfig, tell: (line: string) => void): Promise<void> {
  const ran = await onDatabase(config.databaseUrl, () => migrateStore(config.databaseUrl));
  tell(ran.length > 0 ? `schema bus: ran ${ran.join(', ')}` : 'schema bus: up to date');
  const made = await onDatabase(config.databaseUrl, () => ensureDays(config.databaseUrl));
  tell(`partitions: ${made} made, ${DAYS_AHEAD} days ahead`);
  tell(`log: ${await ensureBrokerLog(config.broker)}`);
  if (config.deadLetterMirror) tell(`dead letters: ${await ensureBrokerLog(config.deadLetterMirror)}`);
}

async function ensureDays(databaseUrl: string): Promise<number> {
  const pool = createStorePool({
    connectionString: databaseUrl,
    poolSize: 1,
    applicationName: 'bus-migrate',
  });
  try {
    return await new PostgresPartitionUpkeep(pool).ensureDays(DAYS_AHEAD);
  } finally {
    await pool.end();
  }
}

async function ensureBrokerLog(broker: BusMigrateConfig['broker']): Promise<string> {
  try {
    return await ensureLog({ ...broker, clientId: 'bus-migrate' });
  } catch (error) {
    if (error instanceof BusError) throw new StartupError(error.message, error);
    throw error;
  }
}

/** SQLSTATE or Node's code → what is wrong, and the fix. */
const FIXES: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there; start PostgreSQL, or set DATABASE_URL',
  ENOTFOUND: 'there is no such host; set DATABASE_URL',
  ETIMEDOUT: 'nothing answers there; check the network, or set DATABASE_URL',
  '28P01': 'the password is wrong; set DATABASE_URL, or DATABASE_URL_FILE',
  '28000': 'the user is not let in; set DATABASE_URL, or the server’s pg_hba.conf',
  '3D000': 'there is no such database; create it, or set DATABASE_URL',
  '42501': 'the user may not create what is missing; run bus-migrate as the owner of the database',
  '57P03': 'PostgreSQL is starting; run bus-migrate again in a moment',
};

/** Names host and database of what failed, never user and password. */
async function onDatabase<T>(databaseUrl: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const fix = FIXES[String((error as { code?: unknown }).code)];
    if (fix === undefined) throw error;
    const { host, pathname } = new URL(databaseUrl);
    throw new StartupError(`PostgreSQL at ${host}${pathname}: ${fix}`, error);
  }
}
