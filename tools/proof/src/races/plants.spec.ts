import { BendMissedError, bendText } from './bend';
import { racePlants } from './plants';
import { raceNamed } from './all-races';
import { runRace } from './run-race';
import { offsetsFromSequence } from './sequence-plant';

describe('plants that races catch', () => {
  it.each(racePlants.map((plant) => [plant.name, plant] as const))('%s is caught', async (_name, plant) => {
    const { caught, violations } = await plant.run();
    expect(violations).not.toEqual([]);
    expect(caught).toBe(true);
  });

  it('trap-06: no record is passed by where offsets are taken under the lock', async () => {
    expect(await offsetsFromSequence({ sow: false })).toEqual({ caught: false, violations: [] });
  });

  it('fails loudly where the SQL that it bends has changed', async () => {
    const run = (bend: ReturnType<typeof bendText>) =>
      runRace(raceNamed('claim×cancel'), { seed: 1, rounds: 2, bend });
    await expect(run(bendText('control.look', 'no such piece', ''))).rejects.toThrow(BendMissedError);
    await expect(run(bendText('no.such.statement', '', ''))).rejects.toThrow('came by');
  });
});
