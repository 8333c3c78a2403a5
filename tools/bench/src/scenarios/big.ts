import { median } from '../measure/statistics';
import type { Row, Scenario } from '../scenario';
import { drainRate, ratioOf, type DrainRate } from './growth-rate';
import { seededDatabase } from './seeded';

const STORED = 10_000_000;
const DEAD = 1_000_000;
/** Enough to touch every page of the identities' index once. */
const WARM_UP = { fresh: 20_000, big: 100_000 };
const GIB = 2 ** 30;

/** A bus that has run for a while: what is stored must not slow down what comes. */
export const big: Scenario = {
  name: 'big',
  title:
    'the drain on an empty database, with 1 million dead letters, and with 10 million stored events beside them',
  quick: false,
  async run({ arena, rounds, progress }) {
    const fresh = await arena.freshDatabase();
    progress('an empty database');
    const empty = await drainRate(arena, fresh, { rounds, warmUp: WARM_UP.fresh });
    await fresh.drop();
    const seeded = await seededDatabase(arena, progress);
    // Where history is old, it was vacuumed long ago: the first vacuum of 13 GiB writes pages whole, beside the drain.
    const settle = async () => {
      progress('vacuuming what was seeded');
      await seeded.pool.query('vacuum (freeze, analyze)');
      await arena.checkpoint();
    };
    try {
      const startedMs = performance.now();
      await seeded.seed({ state: 'dead', count: DEAD, prefix: 'dead' });
      await settle();
      const dead = await drainRate(arena, seeded.database, { rounds, warmUp: WARM_UP.big / 2 });
      const seedStartedMs = performance.now();
      await seeded.seed({ state: 'ended', count: STORED, prefix: 'ended' });
      const seedMinutes = (performance.now() - seedStartedMs) / 60_000;
      await settle();
      const full = await drainRate(arena, seeded.database, { rounds, warmUp: WARM_UP.big });
      const bytes = await seeded.bytes();
      const again = await arena.freshDatabase();
      progress('an empty database again');
      const emptyAgain = await drainRate(arena, again, { rounds, warmUp: WARM_UP.fresh });
      await again.drop();
      const base: DrainRate = {
        eventsPerSecond: [...empty.eventsPerSecond, ...emptyAgain.eventsPerSecond],
        walBytesPerEvent: [...empty.walBytesPerEvent, ...emptyAgain.walBytesPerEvent],
      };
      const rows = [
        rowOf('empty', base),
        rowOf('1 M dead letters', dead),
        rowOf('10 M stored events, 1 M dead letters', full),
      ];
      return {
        name: 'big',
        title: big.title,
        rows,
        goals: [
          {
            id: 'P7',
            text: 'events/s, 10 M stored ÷ empty',
            figure: ratioOf(full, base, (r) => r.eventsPerSecond),
            sense: 'at least',
            goal: 0.75,
          },
          {
            id: 'P7',
            text: 'WAL per event, 10 M stored ÷ empty',
            figure: ratioOf(full, base, (r) => r.walBytesPerEvent),
            sense: 'at most',
            goal: 1.1,
          },
          {
            id: 'P8',
            text: 'events/s, 1 M dead letters ÷ empty',
            figure: ratioOf(dead, base, (r) => r.eventsPerSecond),
            sense: 'at least',
            goal: 0.95,
          },
        ],
        plots: [
          {
            kind: 'bars',
            title: 'Events per second, by what is stored',
            unit: 'events/s',
            categories: rows.map(({ variant }) => variant),
            series: [
              { name: 'events/s', values: [base, dead, full].map((rate) => median(rate.eventsPerSecond)) },
            ],
          },
        ],
        rejectedWindows: 0,
        notes: [
          `${(bytes / GIB).toFixed(1)} GiB stored; 10 million events with 40 million attempts were made within the server in ${seedMinutes.toFixed(1)} minutes.`,
          `The whole took ${((performance.now() - startedMs) / 60_000).toFixed(0)} minutes.`,
        ],
      };
    } finally {
      await seeded.close();
    }
  },
};

function rowOf(variant: string, rate: DrainRate): Row {
  return {
    variant,
    figures: {
      'events/s': { unit: 'events/s', rounds: rate.eventsPerSecond },
      'WAL per event': { unit: 'bytes', rounds: rate.walBytesPerEvent },
    },
  };
}
