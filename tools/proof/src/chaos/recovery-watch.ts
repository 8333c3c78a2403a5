import { setTimeout as pause } from 'node:timers/promises';
import type { LogEnds } from '@bus/broker';
import type { Stage } from '../stage/stage';
import { notStored } from './log-extent';

const LOOK_EVERY_MS = 100;

/** How long until the work that was there at the first moment has gone on: what was in flight has ended or was taken
 *  over, and what the log held `logAfterMs` later is stored.
 *  @param signal ends it early
 *  @param logAfterMs what a fault keeps from being read has to come first: 1 s brings records to every partition
 *  @returns ms; `null` where it took longer than `withinMs` */
export async function untilWorkResumed(
  stage: Stage,
  ends: LogEnds,
  withinMs: number,
  signal: AbortSignal,
  logAfterMs: number,
): Promise<number | null> {
  const startMs = performance.now();
  const spentMs = () => performance.now() - startMs;
  const inFlight = await persistently(withinMs, signal, () =>
    stage.pool.query<{ events: string[]; operations: number[]; attempts: number[] }>(
      `select array_agg(event_id::text) as events, array_agg(operation_id) as operations,
              array_agg(attempt) as attempts from bus.in_flight`,
    ),
  );
  await pause(logAfterMs, undefined, { signal });
  const extent = await persistently(withinMs, signal, () => ends.read());
  const { events, operations, attempts } = inFlight.rows[0] ?? {
    events: null,
    operations: null,
    attempts: null,
  };
  while (spentMs() < withinMs) {
    const left = await stage.pool
      .query<{ count: number }>(
        `select count(*)::int as count from bus.in_flight f
          join unnest($1::uuid[], $2::int[], $3::int[]) x(event_id, operation_id, attempt)
            using (event_id, operation_id, attempt)`,
        [events ?? [], operations ?? [], attempts ?? []],
      )
      .then(({ rows }) => rows[0]?.count ?? 0)
      .catch(() => 1);
    if (left === 0 && (await notStored(stage, extent).catch(() => 1)) === 0) return Math.round(spentMs());
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
  return null;
}

/** Asks again while the server is away. @throws the last error when `withinMs` have passed */
export async function persistently<T>(
  withinMs: number,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (performance.now() > untilMs) throw error;
      await pause(LOOK_EVERY_MS, undefined, { signal });
    }
  }
}
