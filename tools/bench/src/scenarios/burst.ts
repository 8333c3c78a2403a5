import { OPERATIONS } from '../bus/bench-events';
import { median } from '../measure/statistics';
import type { Row, Scenario } from '../scenario';
import { withBus } from './bus-round';

const BACKLOG = 100_000;
const PER_SECOND = 200;
const SECONDS = 20;

/** A backlog is worked off while events go on coming: how long do the fresh ones wait? */
export const burst: Scenario = {
  name: 'burst',
  title: `a backlog of ${BACKLOG} events over Nest TCP while ${PER_SECOND} a second arrive: latency of the fresh ones`,
  quick: false,
  async run({ arena, rounds }) {
    const found = { p50: [] as number[], p99: [] as number[], calm: [] as number[], drain: [] as number[] };
    for (let round = 0; round < Math.min(3, rounds); round += 1)
      await withBus(arena, { service: {} }, async ({ load }) => {
        const request = { keys: 'spread', awaited: [...OPERATIONS] } as const;
        await load({ ...request, perSecond: null, events: 2_000, firstId: 0 });
        const calm = await load({
          ...request,
          perSecond: PER_SECOND,
          events: PER_SECOND * 5,
          firstId: 10_000,
        });
        const amid = await load({
          ...request,
          perSecond: PER_SECOND,
          events: PER_SECOND * SECONDS,
          firstId: 10_000_000,
          backlog: BACKLOG,
        });
        found.calm.push(calm.groups['others']?.p99Ms ?? NaN);
        found.p50.push(amid.groups['others']?.p50Ms ?? NaN);
        found.p99.push(amid.groups['others']?.p99Ms ?? NaN);
        found.drain.push(amid.ms);
      });
    const rows: Row[] = [
      { variant: 'at rest', figures: { p99: { unit: 'ms', rounds: found.calm } } },
      {
        variant: 'amid the backlog',
        figures: {
          p50: { unit: 'ms', rounds: found.p50 },
          p99: { unit: 'ms', rounds: found.p99 },
          'all done after': { unit: 'ms', rounds: found.drain },
        },
      },
    ];
    return {
      name: 'burst',
      title: burst.title,
      rows,
      goals: [],
      plots: [
        {
          kind: 'bars',
          title: 'p99 of fresh events',
          unit: 'ms',
          logarithmic: true,
          categories: ['at rest', 'amid the backlog'],
          series: [{ name: 'p99', values: [median(found.calm), median(found.p99)] }],
        },
      ],
      rejectedWindows: 0,
      notes: ['The log is read in order: a fresh event waits for what its partition had before it.'],
    };
  },
};
