import { BusError } from '@bus/contracts';
import { DatabaseError } from 'pg';

/**
 * The answer to a COMMIT (or to a statement that commits by itself) was lost: it may have happened or not.
 * Read by key what is there before going on; never repeat blindly.
 */
export class CommitUnknownError extends BusError {
  constructor(cause: unknown) {
    super({
      code: 'unavailable',
      outcome: 'unknown',
      message: 'the connection to Postgres was lost while a commit was under way',
      cause,
    });
  }
}

/** Nothing is known to be wrong with the request: Postgres is away, or somebody held a lock for too long. Ask again. */
export class StoreUnavailableError extends BusError {
  constructor(cause: unknown) {
    super({ code: 'unavailable', outcome: 'unknown', message: 'Postgres did not answer; ask again', cause });
  }
}

/** The server does not take writes: a standby, or a primary set read-only. Point DATABASE_URL at the primary. */
export class ReadOnlyServerError extends BusError {
  constructor() {
    super({
      code: 'unavailable',
      message: 'Postgres is read-only here; DATABASE_URL has to name the primary',
      logLevel: 'error',
    });
  }
}

/**
 * Thrown inside `inTransaction`: what this transaction decided on has changed under it, so that it is rolled back
 * and run again as a whole. Bounded like deadlocks are.
 */
export class TransactionAgain extends Error {
  constructor(readonly why: string) {
    super(`to be run again: ${why}`);
    this.name = 'TransactionAgain';
  }
}

const DEADLOCK = '40P01';
const SERIALIZATION_FAILURE = '40001';

/** Rolled back by the server through no fault of the transaction: the whole of it is to be run again. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof TransactionAgain) return true;
  return error instanceof DatabaseError && (error.code === DEADLOCK || error.code === SERIALIZATION_FAILURE);
}

const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';

/** For ports that people ask: an error of the infrastructure becomes an answer, a bug stays what it is. */
export function asUnavailable(error: unknown): unknown {
  if (error instanceof BusError) return error;
  const { code } = error instanceof DatabaseError ? error : { code: undefined };
  const waitedTooLong = code === LOCK_NOT_AVAILABLE || code === QUERY_CANCELED;
  // Class 53: no disk, no memory, no connection left.
  const exhausted = code?.startsWith('53') ?? false;
  if (isConnectionLost(error) || isRetryable(error) || waitedTooLong || exhausted)
    return new StoreUnavailableError(error);
  return error;
}

/**
 * Whether the connection is gone or can't be trusted any more. From the server: classes 08 (connection), 57P
 * (shutdown, crash) and 25P03 (idle in transaction too long), and everything FATAL. From the driver and from Node:
 * errors of sockets, and the driver's own by their text, since they bear no code.
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof DatabaseError)
    return (
      error.severity === 'FATAL' || error.severity === 'PANIC' || /^(08|57P|25P03)/.test(error.code ?? '')
    );
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return SOCKET_CODE.test(String(code)) || DRIVER_LOST.test(String(message));
}

/** `ECONNRESET` and its like; not Node's own `ERR_…`, which are bugs. */
const SOCKET_CODE = /^E(?!RR_)[A-Z]/;
const DRIVER_LOST =
  /^(Received unexpected|Connection terminated|Query read timeout|Client has encountered|Client was closed|Connection ended|timeout e)/;
