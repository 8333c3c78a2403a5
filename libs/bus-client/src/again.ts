import { BusError } from '@bus/contracts';
import { ExponentialBackoff, handleWhen, retry, type RetryPolicy } from 'cockatiel';

export interface AgainOptions {
  /** Further tries after an answer `unavailable`, with the same message ids. Default 3. */
  retries?: number;
  /** Before the second try, in ms; doubled with jitter up to 2,000. Default 100. */
  backoffMs?: number;
}

/** Tries again what is safe to say twice: every message has its id before the first try. */
export function againPolicy(options: AgainOptions): RetryPolicy {
  const unavailable = handleWhen((error) => error instanceof BusError && error.code === 'unavailable');
  return retry(unavailable, {
    maxAttempts: options.retries ?? 3,
    backoff: new ExponentialBackoff({ initialDelay: options.backoffMs ?? 100, maxDelay: 2_000 }),
  });
}
