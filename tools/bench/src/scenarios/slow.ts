import { OPERATIONS } from '../bus/bench-events';
import { interleaved } from '../measure/rounds';
import { median } from '../measure/statistics';
import type { Scenario } from '../scenario';
import { withBus } from './bus-round';

const [SILENT, ...OTHERS] = OPERATIONS;
const TIMEOUT_MS = 2_000;
const PER_SECOND = 300;
const HEALTHY = 'all four answer';
const ONE_SILENT = 'one times out after 2 s, every time';

interface Slow {
  callsPerSecond: number;
  p99Ms: number;
}

/** One operation of four never answers; the other three must not notice. */
export const slow: Scenario = {
  name: 'slow',
  title: 'three operations, while the fourth of each event answers or times out',
  quick: false,
  async run(context) {
    const events = context.quick ? 4_000 : 10_000;
    const round = (silentOperation: string | null) => () =>
      withBus(
        context.arena,
        { service: { silentOperation }, operations: { '*': { timeoutMs: TIMEOUT_MS } } },
        async ({ load, measured }) => {
          const awaited = [...OTHERS];
          await load({ events: 1_000, firstId: 0, keys: 'spread', perSecond: null, awaited });
          const { usage, loaded } = await measured({
            events,
            firstId: 1_000,
            keys: 'spread',
            perSecond: null,
            awaited,
          });
          const steady = await load({
            events: PER_SECOND * 10,
            firstId: 1_000_000,
            keys: 'spread',
            perSecond: PER_SECOND,
            awaited,
          });
          const p99Ms = Math.max(...OTHERS.map((name) => steady.operations[name]?.p99Ms ?? NaN));
          return { usage, figures: { callsPerSecond: (events * OTHERS.length * 1000) / loaded.ms, p99Ms } };
        },
      );
    const { rounds, rejectedWindows, noisy } = await interleaved<Slow>(context, [
      { name: HEALTHY, run: round(null) },
      { name: ONE_SILENT, run: round(SILENT) },
    ]);
    const of = (variant: string, read: (figures: Slow) => number) =>
      (rounds.get(variant) ?? []).map(({ figures }) => read(figures));
    const ratio = (read: (figures: Slow) => number) =>
      median(of(ONE_SILENT, read)) / median(of(HEALTHY, read));
    return {
      name: 'slow',
      title: slow.title,
      rows: [HEALTHY, ONE_SILENT].map((variant) => ({
        variant,
        figures: {
          'calls/s of the other three': { unit: 'calls/s', rounds: of(variant, (f) => f.callsPerSecond) },
          [`their p99 at ${PER_SECOND} events/s`]: { unit: 'ms', rounds: of(variant, (f) => f.p99Ms) },
        },
      })),
      goals: [
        {
          id: 'P10',
          text: 'the others’ calls/s with one operation timing out ÷ without',
          figure: ratio((figures) => figures.callsPerSecond),
          sense: 'at least',
          goal: 0.9,
        },
        {
          id: 'P10',
          text: 'the others’ p99 with one operation timing out ÷ without',
          figure: ratio((figures) => figures.p99Ms),
          sense: 'at most',
          goal: 1.5,
        },
      ],
      plots: [
        {
          kind: 'bars',
          title: 'Calls per second of three operations',
          unit: 'calls/s',
          categories: [HEALTHY, ONE_SILENT],
          series: [
            {
              name: 'calls/s',
              values: [HEALTHY, ONE_SILENT].map((variant) => median(of(variant, (f) => f.callsPerSecond))),
            },
          ],
        },
      ],
      rejectedWindows,
      notes: noisy,
    };
  },
};
