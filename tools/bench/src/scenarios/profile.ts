import { BenchDownstream } from '../rig/bench-downstream';
import { omnibus } from '../rig/contenders';
import type { BenchContext, Scenario, ScenarioResult } from '../scenario';

const WARM_UP = 5_000;
const WITHIN_MS = 300_000;

/** Under V8's profilers, which cost time themselves: shares count, not rates. */
export const profile: Scenario = {
  name: 'profile',
  title: 'where the CPU time and the allocations of the bus go, by function',
  quick: false,
  async run(context) {
    const profiles = [
      { title: 'No-op handlers in the same process', profile: await profileOf(context, false) },
      { title: 'Handlers behind Nest TCP', profile: await profileOf(context, true) },
    ];
    const one = (unit: string, value: number) => ({ unit, rounds: [value] });
    return {
      name: 'profile',
      title: profile.title,
      rows: profiles.map(({ title, profile: found }) => ({
        variant: title,
        figures: {
          'CPU per 10k events': one('s', found.cpuSeconds),
          'allocated per 10k events': one('MB', found.allocatedMb),
        },
      })),
      goals: [],
      plots: [],
      rejectedWindows: 0,
      notes: ['10,000 events with 4 operations each, given in at once.'],
      profiles,
    } satisfies ScenarioResult;
  },
};

async function profileOf({ arena, progress }: BenchContext, overTcp: boolean) {
  const service = overTcp ? await BenchDownstream.start(arena) : null;
  const running = await omnibus.start(arena, service ? { BENCH_ENDPOINT: service.endpoint } : {});
  try {
    progress(overTcp ? 'over Nest TCP' : 'no-op handlers');
    await running.process.drain({ events: WARM_UP, batch: 500, firstId: 0 }, WITHIN_MS);
    const drained = await running.process.drain(
      { events: 10_000, batch: 500, firstId: WARM_UP, profile: true },
      WITHIN_MS,
    );
    if (!drained.profile) throw new Error('the bus took no profile of itself');
    return drained.profile;
  } finally {
    await running.stop();
    await service?.stop();
  }
}
