import { ALL_RACES } from './all-races';
import { runRace } from './run-race';

const ROUNDS = Number(process.env['RACE_ROUNDS'] ?? 5);

describe('races on a real PostgreSQL', () => {
  it.each(ALL_RACES.map((race) => [race.name, race.promise, race] as const))(
    '%s: %s',
    async (_name, _promise, race) => {
      const result = await runRace(race, { seed: 20_260_101, rounds: ROUNDS });
      if (process.env['RACE_ROUNDS']) console.log(result.durationMs, result.notes, result.counts);
      expect(result.violations).toEqual([]);
      expect(result.counts['orders']).toBeGreaterThan(1);
    },
  );
});
