import { setTimeout as pause } from 'node:timers/promises';

/**
 * Open loop: starts `work` for 0 to `count` − 1 at fixed instants, whatever became of the ones before; one that is late
 * starts at once.
 * @param work gets the instant that it was due at, by `performance.now()`: what it is late by counts
 */
export async function onSchedule<T>(
  count: number,
  perSecond: number,
  work: (n: number, dueMs: number) => Promise<T>,
): Promise<T[]> {
  const startedMs = performance.now();
  const started: Promise<T>[] = [];
  for (let n = 0; n < count; n += 1) {
    const dueMs = startedMs + (n * 1000) / perSecond;
    const inMs = dueMs - performance.now();
    if (inMs > 0) await pause(inMs);
    started.push(work(n, dueMs));
  }
  return Promise.all(started);
}
