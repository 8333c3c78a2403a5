import { OPERATIONS } from '../bus/bench-events';
import { interleaved } from '../measure/rounds';
import { median } from '../measure/statistics';
import type { Scenario } from '../scenario';
import { withBus } from './bus-round';

const WELL = 'all succeed';
const FAILING = '10 % succeed at the second try, 1 % die';

interface Fail {
  eventsPerSecond: number;
  attemptsPerExecution: number;
}

/** Failures cost what they are: one more attempt each, and no more than that. */
export const fail: Scenario = {
  name: 'fail',
  title:
    'events over Nest TCP whose operations all succeed, and with a tenth to be tried again and a hundredth dying',
  quick: false,
  async run(context) {
    const events = 10_000;
    const round = (behaviour: { retryShare: number; deadShare: number }) => () =>
      withBus(
        context.arena,
        {
          service: behaviour,
          operations: {
            '*': { retry: { maxAttempts: null, maxAgeMs: 86_400_000, backoffMs: 1000, backoffCapMs: 2000 } },
          },
        },
        async ({ load, measured }) => {
          const request = { keys: 'spread', perSecond: null, awaited: [...OPERATIONS] } as const;
          await load({ ...request, events: 1_000, firstId: 0 });
          const { usage, loaded } = await measured({ ...request, events, firstId: 1_000 });
          return {
            usage,
            figures: {
              eventsPerSecond: (events * 1000) / loaded.ms,
              attemptsPerExecution: loaded.attempts / (events * OPERATIONS.length),
            },
          };
        },
      );
    const { rounds, rejectedWindows, noisy } = await interleaved<Fail>(context, [
      { name: WELL, run: round({ retryShare: 0, deadShare: 0 }) },
      { name: FAILING, run: round({ retryShare: 0.1, deadShare: 0.01 }) },
    ]);
    const of = (variant: string, read: (figures: Fail) => number) =>
      (rounds.get(variant) ?? []).map(({ figures }) => read(figures));
    return {
      name: 'fail',
      title: fail.title,
      rows: [WELL, FAILING].map((variant) => ({
        variant,
        figures: {
          'events/s': { unit: 'events/s', rounds: of(variant, (figures) => figures.eventsPerSecond) },
          'attempts per execution': {
            unit: '',
            rounds: of(variant, (figures) => figures.attemptsPerExecution),
          },
        },
      })),
      goals: [],
      plots: [
        {
          kind: 'bars',
          title: 'Events per second until every execution has ended, retries and their pauses included',
          unit: 'events/s',
          categories: [WELL, FAILING],
          series: [
            {
              name: 'events/s',
              values: [WELL, FAILING].map((variant) => median(of(variant, (f) => f.eventsPerSecond))),
            },
          ],
        },
      ],
      rejectedWindows,
      notes: ['The first pause before a retry is random up to 1 s.', ...noisy],
    };
  },
};
