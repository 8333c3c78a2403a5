import { OPERATIONS } from '../bus/bench-events';
import { StoreProbe } from '../rig/store-probe';
import type { BenchContext, Goal, Row, Scenario } from '../scenario';
import { withBus } from './bus-round';
import { seededDatabase } from './seeded';

const FEW = 1_000;
const MANY = 1_000_000;
const TIMES = 40;
const CANCELS = 1_000;
const DUE_NOW = 100 * TIMES;
const DELAYED = 2_500;
const DELAY_MS = 4_000;

interface Waiting {
  emptyPollMs: number;
  claimMs: number;
  cancelMs: number;
}

/** What waits for its time must cost nothing while it waits. */
export const delay: Scenario = {
  name: 'delay',
  title:
    'polls, claims of 400 and cancels with 1,000 and with 1,000,000 pending events, and 10,000 executions due at once',
  quick: false,
  async run(context) {
    const [few, many] = [await waiting(context, FEW), await waiting(context, MANY)];
    const late = await lateness(context);
    const row = (variant: string, of: Waiting): Row => ({
      variant,
      figures: {
        'empty poll': { unit: 'ms', rounds: [of.emptyPollMs] },
        'claim of 400': { unit: 'ms', rounds: [of.claimMs] },
        cancel: { unit: 'ms', rounds: [of.cancelMs] },
      },
    });
    const goal = (text: string, figure: number, most: number): Goal => ({
      id: 'P8',
      text: `${text}, 1 M ÷ 1,000 pending`,
      figure,
      sense: 'at most',
      goal: most,
    });
    return {
      name: 'delay',
      title: delay.title,
      rows: [
        row('1,000 pending', few),
        row('1,000,000 pending', many),
        {
          variant: '10,000 due at once',
          figures: {
            'late p50': { unit: 'ms', rounds: late.p50 },
            'late p99': { unit: 'ms', rounds: late.p99 },
          },
        },
      ],
      goals: [
        goal('empty poll', many.emptyPollMs / few.emptyPollMs, 1.5),
        goal('claim of 400', many.claimMs / few.claimMs, 2),
        goal('cancel', many.cancelMs / few.cancelMs, 2),
      ],
      plots: [
        {
          kind: 'bars',
          title: 'Milliseconds a statement, by what is pending',
          unit: 'ms',
          categories: ['empty poll', 'claim of 400', 'cancel'],
          series: [
            { name: '1,000 pending', values: [few.emptyPollMs, few.claimMs, few.cancelMs] },
            { name: '1,000,000 pending', values: [many.emptyPollMs, many.claimMs, many.cancelMs] },
          ],
        },
      ],
      rejectedWindows: 0,
      notes: [
        `Lateness: ${DELAYED} events with 4 operations each, published with a delay of ${DELAY_MS} ms: from the due instant to the durable result.`,
      ],
    };
  },
};

async function waiting({ arena, progress }: BenchContext, pending: number): Promise<Waiting> {
  const seeded = await seededDatabase(arena, progress);
  try {
    await seeded.seed({ state: 'pending', count: pending, prefix: 'later' });
    await seeded.seed({ state: 'pending', count: DUE_NOW, prefix: 'now', dueInSeconds: -600 });
    await seeded.pool.query('vacuum (analyze) bus.due');
    await arena.checkpoint();
    const probe = await StoreProbe.open(seeded.database.url, seeded.operations);
    try {
      progress(`${pending} pending: claims, polls, cancels`);
      const claimMs = await probe.claimMs(TIMES);
      const emptyPollMs = await probe.emptyPollMs(TIMES * 5);
      const ids = Array.from(
        { length: Math.min(CANCELS, pending) },
        (_, n) => `later-${(n * 997) % pending}`,
      );
      return { claimMs, emptyPollMs, cancelMs: await probe.cancelMs([...new Set(ids)]) };
    } finally {
      await probe.close();
    }
  } finally {
    await seeded.close();
  }
}

async function lateness({ arena, rounds }: BenchContext): Promise<{ p50: number[]; p99: number[] }> {
  const found: { p50: number[]; p99: number[] } = { p50: [], p99: [] };
  for (let round = 0; round < Math.min(3, rounds); round += 1)
    await withBus(arena, { service: {} }, async ({ load }) => {
      const request = { keys: 'spread', perSecond: null, awaited: [...OPERATIONS] } as const;
      await load({ ...request, events: 1_000, firstId: 0 });
      const { groups } = await load({ ...request, events: DELAYED, firstId: 10_000, delayMs: DELAY_MS });
      found.p50.push((groups['others']?.p50Ms ?? NaN) - DELAY_MS);
      found.p99.push((groups['others']?.p99Ms ?? NaN) - DELAY_MS);
    });
  return found;
}
