import { median } from '../measure/statistics';
import { StoreProbe } from '../rig/store-probe';
import type { BenchContext, Row, Scenario } from '../scenario';
import { drainRate, ratioOf, type DrainRate } from './growth-rate';
import { seededDatabase } from './seeded';

const DEAD_ROWS = 1_000_000;
const TIMES = 40;
const DUE_NOW = 100 * TIMES;

interface Bloat {
  claimMs: number;
  emptyPollMs: number;
  drain: DrainRate;
}

/** A dump or a forgotten session holds a snapshot: nothing can be vacuumed, and every dead row stays in the way. */
export const bloat: Scenario = {
  name: 'bloat',
  title: 'claims and the drain with 1 million dead rows that an old snapshot keeps, and without',
  quick: false,
  async run(context) {
    const clean = await measure(context, 0);
    const bloated = await measure(context, DEAD_ROWS);
    const row = (variant: string, of: Bloat): Row => ({
      variant,
      figures: {
        'claim of 400': { unit: 'ms', rounds: [of.claimMs] },
        'empty poll': { unit: 'ms', rounds: [of.emptyPollMs] },
        'events/s': { unit: 'events/s', rounds: of.drain.eventsPerSecond },
      },
    });
    return {
      name: 'bloat',
      title: bloat.title,
      rows: [row('no old snapshot', clean), row('1 M dead rows under one', bloated)],
      goals: [
        {
          id: 'P9',
          text: 'claim under an old snapshot ÷ without',
          figure: bloated.claimMs / clean.claimMs,
          sense: 'at most',
          goal: 3,
        },
        {
          id: 'P9',
          text: 'events/s under an old snapshot ÷ without',
          figure: ratioOf(bloated.drain, clean.drain, (r) => r.eventsPerSecond),
          sense: 'at least',
          goal: 0.8,
        },
      ],
      plots: [
        {
          kind: 'bars',
          title: 'Events per second',
          unit: 'events/s',
          categories: ['no old snapshot', '1 M dead rows under one'],
          series: [
            { name: 'events/s', values: [clean, bloated].map(({ drain }) => median(drain.eventsPerSecond)) },
          ],
        },
      ],
      rejectedWindows: 0,
      notes: ['The snapshot is held from before the rows died until after the last figure.'],
    };
  },
};

async function measure({ arena, progress, rounds }: BenchContext, deadRows: number): Promise<Bloat> {
  const seeded = await seededDatabase(arena, progress);
  const snapshot = await seeded.pool.connect();
  try {
    if (deadRows > 0) {
      await snapshot.query('begin isolation level repeatable read read only');
      await snapshot.query('select count(*) from bus.due'); // takes the snapshot
      const count = deadRows / seeded.operations.length;
      await seeded.seed({ state: 'pending', count, prefix: 'gone', dueInSeconds: -3600 });
      await seeded.pool.query('delete from bus.due');
      progress(`${deadRows} rows are dead`);
    }
    await seeded.seed({ state: 'pending', count: DUE_NOW, prefix: 'now', dueInSeconds: -600 });
    await arena.checkpoint();
    const probe = await StoreProbe.open(seeded.database.url, seeded.operations);
    const figures = await (async () => {
      try {
        // The first claim has no low-water mark yet: it walks over all that is dead, as a replica does once.
        await probe.emptyPollMs(1);
        return { claimMs: await probe.claimMs(TIMES - 2), emptyPollMs: await probe.emptyPollMs(TIMES) };
      } finally {
        await probe.close();
      }
    })();
    await seeded.pool.query('delete from bus.in_flight');
    return { ...figures, drain: await drainRate(arena, seeded.database, { rounds, warmUp: 20_000 }) };
  } finally {
    snapshot.release(true);
    await seeded.close();
  }
}
