import { HttpErrorFilter } from '@bus/app-shell';
import { BusError } from '@bus/contracts';
import { Catch, type ArgumentsHost } from '@nestjs/common';

/** What Node and pg say when the database cannot be reached, is starting, or has no connection to give. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
const SERVER = /^(08|53|57P)/;
const DRIVER =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered|Query read timeout)/;

/** A database that is away is 503 `unavailable`, not a fault of this process; all else goes the usual way. */
@Catch()
export class StoreAwayFilter extends HttpErrorFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    super.catch(isStoreAway(exception) ? storeAway(exception) : exception, host);
  }
}

function isStoreAway(exception: unknown): boolean {
  if (!(exception instanceof Error) || exception instanceof BusError) return false;
  const { code, severity } = exception as { code?: unknown; severity?: unknown };
  if (severity === 'FATAL') return true; // the server ended the connection, or did not take it
  return (
    (typeof code === 'string' && (NETWORK.has(code) || SERVER.test(code))) || DRIVER.test(exception.message)
  );
}

/** Whether a change was committed is not known: look before asking again. */
function storeAway(cause: unknown): BusError {
  return new BusError({
    code: 'unavailable',
    outcome: 'unknown',
    message: 'Postgres does not answer; ask again, and look first whether a change was made',
    cause,
  });
}
