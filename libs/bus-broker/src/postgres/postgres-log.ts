import { Pool, type PoolConfig } from 'pg';
import { BrokerUnavailableError, LogSettingsError } from '../broker.errors';
import type { BrokerLogger } from '../broker-options';

export interface PostgresLogOptions {
  databaseUrl: string;
  partitions: number;
  clientId: string;
  logger: BrokerLogger;
}

export const POSTGRES_BROKER = 'the PostgreSQL broker';
const CONNECT_WITHIN_MS = 2_000;
const UNDEFINED_TABLE = '42P01';
const UNDEFINED_COLUMN = '42703';

/**
 * Commits are durable whatever the server's default is. Prepared plans live long and are often made while the log is empty:
 * to read it whole, or all that is unread and then to sort it, looks cheap then; once it has filled up such a read takes a
 * second instead of milliseconds. So records are taken along the key and no further than the limit. Nothing is compiled.
 * A plan that does not know the values is as good, but PostgreSQL reckons that it is not, and would plan every append anew:
 * for a record alone that takes twice the time of the append itself.
 */
const SESSION_OPTIONS = [
  'synchronous_commit=on',
  'enable_seqscan=off',
  'enable_bitmapscan=off',
  'jit=off',
  'plan_cache_mode=force_generic_plan',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

export function connectionSettings(options: PostgresLogOptions, statementTimeoutMs: number): PoolConfig {
  return {
    connectionString: options.databaseUrl,
    application_name: `${options.clientId} broker`,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 500,
    keepAlive: true,
    options: SESSION_OPTIONS,
  };
}

/** A pool whose idle connections may be lost without harm. */
export function logPool(options: PostgresLogOptions, size: number, statementTimeoutMs: number): Pool {
  const pool = new Pool({ ...connectionSettings(options, statementTimeoutMs), max: size });
  pool.on('error', (cause) => {
    options.logger('info', 'an idle broker connection was lost', { cause: String(cause) });
  });
  return pool;
}

interface Queries {
  query<R>(text: string, values?: unknown[]): Promise<{ rows: R[] }>;
}

/** The id of the log, if its tables are there and have enough partitions.
 *  @throws LogSettingsError naming the fix   @throws the driver's error where the database is away */
export async function checkLog(connection: Queries, partitions: number): Promise<string> {
  const log = 'schema bus_broker';
  try {
    const { rows } = await connection.query<{ log_id: string; partitions: number }>(
      `select log_id, notify_key, (select count(*)::integer from bus_broker.partition) as partitions
         from bus_broker.log`,
    );
    if (rows.length === 0)
      throw new LogSettingsError({ log, problems: ['it holds no log; run bus-migrate'] });
    if (rows[0].partitions < partitions) {
      const fix = `it has ${rows[0].partitions} partitions of ${partitions}; drain it and run bus-migrate`;
      throw new LogSettingsError({ log, problems: [fix] });
    }
    return `postgres:${rows[0].log_id}`;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === UNDEFINED_TABLE)
      throw new LogSettingsError({ log, problems: ['its tables are missing; run bus-migrate'] });
    if (code === UNDEFINED_COLUMN)
      throw new LogSettingsError({
        log,
        problems: ['its tables are of an earlier version; run bus-migrate'],
      });
    throw error;
  }
}

export function unavailable(cause?: unknown): Error {
  return cause instanceof LogSettingsError
    ? cause
    : new BrokerUnavailableError({ broker: POSTGRES_BROKER, cause });
}
