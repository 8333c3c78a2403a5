import { ALL_RACES } from './all-races';
import { runRace } from './run-race';

/** Both serial orders and a pair of boundaries; the proof runs hundreds. */
const ROUNDS = 3;

describe('races on a real PostgreSQL', () => {
  it.each(ALL_RACES.map((race) => [race.name, race.promise, race] as const))(
    '%s: %s',
    async (_name, _promise, race) => {
      const result = await runRace(race, { seed: 20_260_101, rounds: ROUNDS });
      expect(result.violations).toEqual([]);
      expect(result.counts['orders']).toBeGreaterThan(1);
    },
  );
});
