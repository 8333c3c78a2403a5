import { runSeed } from '../run-seed';
import { runPlant, simulationPlants } from './simulation-plants';
import { UnplantedParts } from './unplanted-parts';

describe('simulationPlants', () => {
  it('have a name each', () => {
    expect(new Set(simulationPlants.map(({ name }) => name)).size).toBe(simulationPlants.length);
  });

  it.each(simulationPlants.map((plant) => [plant.name, plant] as const))(
    '%s is caught',
    async (_name, plant) => {
      const { caught } = await runPlant(plant, 1, 40);
      expect(caught).toBe(true);
      const without = await runSeed(1, { parts: (world) => new UnplantedParts(plant, world) });
      expect(without.violations).toEqual([]);
    },
    120_000, // forty whole worlds, on a busy machine
  );
});
