import type { RetrySettings } from '@bus/contracts';

/** Beyond this power of two every cap is reached; keeps the product a finite number. */
const LARGEST_EXPONENT = 52;

/**
 * Delay before the next attempt, in whole ms, within [0, backoffCapMs]: random in
 * 0…min(`backoffCapMs`, `backoffMs` · 2ⁿ⁻¹), and at least `retryAfterMs` (same cap).
 * @param counted how many attempts count so far, the one that failed included, from 1
 * @param random in [0, 1)
 * @param retryAfterMs what the handler asked for; default 0
 * @throws RangeError if counted < 1
 * @see AWS Architecture Blog 2015, "Exponential Backoff And Jitter" (full jitter)
 */
export function backoffDelayMs(
  retry: Pick<RetrySettings, 'backoffMs' | 'backoffCapMs'>,
  counted: number,
  random: number,
  retryAfterMs = 0,
): number {
  if (!(counted >= 1)) throw new RangeError(`counted must be 1 or more, not ${counted}`);
  const ceiling = Math.min(
    retry.backoffCapMs,
    retry.backoffMs * 2 ** Math.min(counted - 1, LARGEST_EXPONENT),
  );
  const asked = Math.min(retryAfterMs, retry.backoffCapMs);
  return Math.floor(Math.max(ceiling * random, asked));
}
