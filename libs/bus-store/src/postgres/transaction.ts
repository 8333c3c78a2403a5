import type { PoolClient, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { StorePool } from './connection';
import { CommitUnknownError, isConnectionLost, isRetryable } from './connection.errors';

/** Runs of one transaction before its error is passed on. */
const MAX_RUNS = 20;

/**
 * Runs `work` in one transaction and commits. After a deadlock, a serialisation failure or a `TransactionAgain` the
 * whole of it runs again, on the same connection, at most 20 times: `work` has no effects outside the database.
 * @throws CommitUnknownError where the answer to COMMIT was lost; otherwise nothing was written
 */
export async function inTransaction<T>(
  pool: StorePool,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: boolean | undefined;
  try {
    for (let run = 1; ; run += 1) {
      try {
        const value = await runOnce(client, work);
        broken = false;
        return value;
      } catch (error) {
        broken = error instanceof CommitUnknownError || !(await rolledBack(client, error));
        if (broken || !isRetryable(error) || run >= MAX_RUNS) throw error;
        pool.transactionsAgain += 1;
      }
    }
  } finally {
    client.release(broken);
  }
}

/** A connection that is gone has rolled back by itself. */
async function rolledBack(client: PoolClient, error: unknown): Promise<boolean> {
  if (isConnectionLost(error)) return false;
  try {
    await client.query('rollback');
    return true;
  } catch {
    return false; // the error that led here is the one to tell
  }
}

async function runOnce<T>(client: PoolClient, work: (client: PoolClient) => Promise<T>): Promise<T> {
  await client.query('begin');
  const value = await work(client);
  try {
    await client.query('commit');
  } catch (error) {
    throw isConnectionLost(error) ? new CommitUnknownError(error) : error;
  }
  return value;
}

/**
 * One statement that commits by itself. Unlike `pool.query`, an error of the statement keeps the connection.
 * @throws CommitUnknownError where the answer was lost: it may have been committed
 */
export async function runAlone<R extends QueryResultRow>(
  pool: StorePool,
  query: QueryConfig,
): Promise<QueryResult<R>> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    return await client.query<R>(query);
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    broken = error as Error;
    throw new CommitUnknownError(error);
  } finally {
    client.release(broken);
  }
}
