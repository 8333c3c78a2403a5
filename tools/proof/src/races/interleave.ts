import type { Queryable } from '@bus/store';
import type { Racer } from './racer';

/** Who goes on: an index of `standing`'s racers. `taken`: how many statements each has sent. */
export type Order = (standing: readonly number[], taken: readonly number[]) => number;

export interface Interleaved {
  /** In the order of the racers; an error that was thrown is the outcome. */
  outcomes: unknown[];
  /** `0:bus-lock-lanes`, in the order in which they were let go. */
  trace: string[];
  /** Statements of each. */
  taken: number[];
  /** How often one stood before the other's lock. */
  waited: number;
}

/** Locks of these processes that are not granted. Exact: it reads the lock table, not what backends last said. */
const WAITING = {
  name: 'race-waiting',
  text: 'select pid from unnest($1::int[]) as p(pid) where cardinality(pg_blocking_pids(pid)) > 0',
};
/** Most statements are answered within this time: only slower ones are worth the question whether they wait. */
const GRACE_MS = 2;
const PATIENCE_MS = 15_000;

/**
 * Runs two works, one statement at a time, in the given order. One that waits for a lock is passed over until the other
 * has let go of it.
 * @throws Error after 15 s without a step: the works wait for each other in a way that Postgres does not see
 */
export async function interleave(
  racers: readonly Racer[],
  works: readonly (() => Promise<unknown>)[],
  order: Order,
  watch: Queryable,
): Promise<Interleaved> {
  const ended = racers.map(() => false);
  const waiting = new Set<Racer>();
  const taken = racers.map(() => 0);
  const trace: string[] = [];
  let waited = 0;
  const running = works.map(async (work, index) => {
    racers[index].stepped = true;
    try {
      return await work();
    } catch (error) {
      return error;
    } finally {
      racers[index].stepped = false;
      ended[index] = true;
      racers[index].tell();
    }
  });
  const moves = (racer: Racer, index: number) => !ended[index] && racer.before === null;

  /** Until nobody moves: everybody stands, has ended, or waits for a lock. */
  const rest = async () => {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const moving = racers.filter((racer, index) => moves(racer, index) && !waiting.has(racer));
      if (moving.length === 0) return;
      if (performance.now() > deadline)
        throw new Error(`no step for ${PATIENCE_MS / 1000} s after ${trace.join(' ')}`);
      const changed = Promise.race(moving.map((racer) => racer.changed()));
      if (await within(changed, GRACE_MS)) continue;
      const asked = moving.filter((racer) => racer.pid !== null);
      const { rows } = await watch.query<{ pid: number }>({
        ...WAITING,
        values: [asked.map((racer) => racer.pid)],
      });
      const pids = new Set(rows.map((row) => row.pid));
      for (const racer of asked) {
        if (racer.before !== null || !pids.has(racer.pid as number)) continue;
        waiting.add(racer);
        waited += 1;
      }
    }
  };

  for (;;) {
    await rest();
    const standing = racers.flatMap((racer, index) => (racer.before === null ? [] : [index]));
    if (ended.every(Boolean)) break;
    // Both wait: a deadlock, which Postgres ends by itself.
    if (standing.length === 0) await Promise.race(racers.map((racer) => racer.changed()));
    else {
      const index = order(standing, taken);
      taken[index] += 1;
      trace.push(`${index}:${racers[index].before}`);
      racers[index].letGo();
    }
    waiting.clear();
  }
  return { outcomes: await Promise.all(running), trace, taken, waited };
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((done) => (timer = setTimeout(done, ms, false)));
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
