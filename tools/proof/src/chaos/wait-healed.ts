import { setTimeout as pause } from 'node:timers/promises';
import type { LogEnds } from '@bus/broker';
import type { Stage } from '../stage/stage';
import { notStored } from './log-extent';

export interface Backlog {
  inFlight: number;
  due: number;
  /** On something that has not died, in a lane that nothing dead blocks. */
  waiting: number;
  /** Records of the log that are not stored. */
  notStored: number;
}

const LOOK_EVERY_MS = 250;

/** Waits until nothing is under way that nobody explains. Servers must be up.
 *  @returns what is left: all 0, or the last look when `withinMs` have passed */
export async function waitHealed(
  stage: Stage,
  ends: LogEnds,
  withinMs: number,
  signal: AbortSignal,
  progress: (backlog: Backlog) => void = () => undefined,
): Promise<Backlog> {
  const untilMs = performance.now() + withinMs;
  let last: Backlog = { inFlight: -1, due: -1, waiting: -1, notStored: -1 };
  for (;;) {
    try {
      last = await lookAt(stage, ends);
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
    progress(last);
    const done = Object.values(last).every((count) => count === 0);
    if (done || performance.now() > untilMs) return last;
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function lookAt(stage: Stage, ends: LogEnds): Promise<Backlog> {
  const extent = await ends.read();
  const missing = await notStored(stage, extent);
  const { rows } = await stage.pool.query<Omit<Backlog, 'notStored'>>(
    `select (select count(*)::int from bus.in_flight) as "inFlight",
            (select count(*)::int from bus.due) as due,
            (select count(*)::int from bus.waiting w where not exists (
               select from bus.dead_letter x
                where x.event_id = w.event_id and x.operation_id = any (w.pending))
             and not exists (select from bus.lane l
                where w.place is not null and l.operation_id = w.operation_id and l.key = w.key
                  and l.blocked_by is not null)) as waiting`,
  );
  return { ...(rows[0] as Omit<Backlog, 'notStored'>), notStored: missing };
}
