import { OPERATIONS } from '../bus/bench-events';
import type { Keys } from '../bus/load';
import { interleaved } from '../measure/rounds';
import { median } from '../measure/statistics';
import type { Scenario } from '../scenario';
import { withBus } from './bus-round';

const SPREAD = 'keys spread evenly';
const HOT = '20 % on one key';
const ZIPF = 'Zipf 1.1 over 1,000 keys';

interface Hot {
  othersPerSecond: number;
  hotPerSecond: number;
}

/** One operation of four is ordered; a key that many events share must hold up none but itself. */
export const hot: Scenario = {
  name: 'hot',
  title:
    'one ordered operation of four, over Nest TCP: keys spread, one key with a fifth of all events, Zipf',
  quick: true,
  async run(context) {
    const events = context.quick ? 3_000 : 10_000;
    const round = (keys: Keys) => () =>
      withBus(
        context.arena,
        { service: {}, operations: { [OPERATIONS[0]]: { ordered: true } } },
        async ({ load, measured }) => {
          const awaited = [...OPERATIONS];
          await load({ events: 1_000, firstId: 0, keys: 'spread', perSecond: null, awaited });
          const { usage, loaded } = await measured({
            events,
            firstId: 1_000,
            keys,
            perSecond: null,
            awaited,
          });
          const rate = (group: string) => {
            const ends = loaded.groups[group];
            return ends ? (ends.events * 1000) / ends.lastMs : NaN;
          };
          // A share of the events came at all: judged by the pace of the whole load that it stands for.
          const share = (loaded.groups['others']?.events ?? NaN) / events;
          return { usage, figures: { othersPerSecond: rate('others') / share, hotPerSecond: rate('hot') } };
        },
      );
    const { rounds, rejectedWindows, noisy } = await interleaved<Hot>(context, [
      { name: SPREAD, run: round('spread') },
      { name: HOT, run: round('hot') },
      ...(context.quick ? [] : [{ name: ZIPF, run: round('zipf') }]),
    ]);
    const of = (variant: string, read: (figures: Hot) => number) =>
      (rounds.get(variant) ?? []).map(({ figures }) => read(figures));
    const categories = [...rounds.keys()];
    const others = (variant: string) => median(of(variant, (figures) => figures.othersPerSecond));
    return {
      name: 'hot',
      title: hot.title,
      rows: categories.map((variant) => ({
        variant,
        figures: {
          'events/s of other keys': { unit: 'events/s', rounds: of(variant, (f) => f.othersPerSecond) },
          'events/s of the hot key': {
            unit: 'events/s',
            rounds: of(variant, (f) => f.hotPerSecond).filter(Number.isFinite),
          },
        },
      })),
      goals: [
        {
          id: 'P11',
          text: 'pace of other keys with 20 % on one ordered key ÷ without',
          figure: others(HOT) / others(SPREAD),
          sense: 'at least',
          goal: 0.8,
        },
        {
          id: 'P11',
          text: 'events/s of the one ordered key',
          figure: median(of(HOT, (figures) => figures.hotPerSecond)),
          sense: 'at least',
          goal: 150,
        },
      ],
      plots: [
        {
          kind: 'bars',
          title: 'Pace of other keys, events per second',
          unit: 'events/s',
          categories,
          series: [{ name: 'other keys', values: categories.map(others) }],
        },
      ],
      rejectedWindows,
      notes: ['“Pace of other keys”: all events ÷ time until the last of the others had ended.', ...noisy],
    };
  },
};
