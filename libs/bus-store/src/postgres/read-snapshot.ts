import { BusError } from '@bus/contracts';
import { DatabaseError, type PoolClient } from 'pg';
import type { StorePool } from './connection';
import { isConnectionLost } from './connection.errors';

/** A page for people never holds a connection longer. */
const LIMIT_MS = 5000;
const QUERY_CANCELED = '57014';

/** A search that reads too much to be answered in time. */
export class SlowReadError extends BusError {
  constructor(cause: unknown) {
    super({
      code: 'unavailable',
      message: `the search took longer than ${LIMIT_MS} ms; narrow its time range or name more of what you look for`,
      cause,
    });
  }
}

/**
 * Several statements on one snapshot, read only, each at most 5 s.
 * @throws SlowReadError where one takes longer
 */
export async function readSnapshot<T>(pool: StorePool, read: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(
      `begin isolation level repeatable read read only; set local statement_timeout = ${LIMIT_MS}`,
    );
    const value = await read(client);
    await client.query('commit');
    return value;
  } catch (error) {
    if (isConnectionLost(error)) broken = error as Error;
    else await client.query('rollback');
    if (error instanceof DatabaseError && error.code === QUERY_CANCELED) throw new SlowReadError(error);
    throw error;
  } finally {
    client.release(broken);
  }
}
