import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;
const ANSWER_WITHIN_MS = 2_000;

/** Asks `/health/ready` until it answers 200.
 *  @throws Error with the last answer when `timeoutMs` have passed, or with the reason of `signal` */
export async function waitUntilReady(
  httpPort: number,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let last = 'no answer';
  while (performance.now() < deadline) {
    signal?.throwIfAborted();
    try {
      const answer = await fetch(`http://127.0.0.1:${httpPort}/health/ready`, {
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      if (answer.ok) return;
      last = `${answer.status} ${(await answer.text()).slice(0, 500)}`;
    } catch (error) {
      const { cause } = error as { cause?: { code?: string } };
      last = cause?.code ?? String(error);
    }
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`not ready within ${timeoutMs / 1000} s; the last answer was: ${last}`);
}
