import { runSeed } from '../run-seed';
import type { World } from '../world';
import { WorldParts } from '../world-parts';
import type { WorldPlan } from '../world-plan';
import type { Plant } from './plant';
import { runPlant, simulationPlants } from './simulation-plants';

/** The plan that brings a plant to light, and nothing planted. */
class UnplantedParts extends WorldParts {
  private readonly planted: WorldParts;

  constructor(plant: Plant, world: World) {
    super(world);
    this.planted = plant.build(world);
  }

  override plan(plan: WorldPlan): WorldPlan {
    return this.planted.plan(plan);
  }
}

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
    30_000,
  );
});
