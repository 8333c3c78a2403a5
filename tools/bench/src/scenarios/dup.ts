import { interleaved } from '../measure/rounds';
import { median } from '../measure/statistics';
import { openWindow } from '../measure/usage-window';
import type { Scenario } from '../scenario';
import { withBus } from './bus-round';

const WITHIN_MS = 120_000;
const WARM_UP = 5_000;
const FRESH = 'fresh events';
const REPEATED = 'the same events again';

/** Batches of events that are stored already: seen, counted, never called again. */
export const dup: Scenario = {
  name: 'dup',
  title: 'batches of 500 events, and of 500 that are stored already, by no-op handlers',
  quick: true,
  async run(context) {
    const events = context.quick ? 5_000 : 10_000;
    const repeated = new Map<number, number>();
    let calls = 0;
    const found = await interleaved<number>(context, [
      {
        name: FRESH,
        run: (round) =>
          withBus(context.arena, { service: null }, async ({ running }) => {
            const drain = (firstId: number, repeats: boolean) =>
              running.process.drain({ events, batch: 500, firstId, repeats }, WITHIN_MS);
            await running.process.drain({ events: WARM_UP, batch: 500, firstId: 0 }, WITHIN_MS);
            await context.arena.checkpoint();
            const close = openWindow(running.roots);
            const fresh = await drain(WARM_UP, false);
            const again = await drain(WARM_UP, true);
            repeated.set(round, (events * 1000) / again.ms);
            calls += again.results;
            return { usage: close(), figures: (events * 1000) / fresh.ms };
          }),
      },
    ]);
    const fresh = (found.rounds.get(FRESH) ?? []).map(({ figures }) => figures);
    const again = [...repeated.values()];
    return {
      name: 'dup',
      title: dup.title,
      rows: [
        { variant: FRESH, figures: { 'events/s': { unit: 'events/s', rounds: fresh } } },
        { variant: REPEATED, figures: { 'events/s': { unit: 'events/s', rounds: again } } },
      ],
      goals: [
        {
          id: 'P12',
          text: 'events/s of duplicates ÷ fresh ones',
          figure: median(again) / median(fresh),
          sense: 'at least',
          goal: 1.2,
        },
        { id: 'P12', text: 'calls for duplicates', figure: calls, sense: 'at most', goal: 0 },
      ],
      plots: [
        {
          kind: 'bars',
          title: 'Events per second: fresh, and stored already',
          unit: 'events/s',
          categories: [FRESH, REPEATED],
          series: [{ name: 'events/s', values: [median(fresh), median(again)] }],
        },
      ],
      rejectedWindows: found.rejectedWindows,
      notes: found.noisy,
    };
  },
};
