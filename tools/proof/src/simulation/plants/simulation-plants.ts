import type { Violation } from '../../layer';
import { runSeed } from '../run-seed';
import { fencePlants } from './fence-plants';
import { intakePlants } from './intake-plants';
import { orderPlants } from './order-plants';
import type { Plant } from './plant';
import { effectPlants } from './effect-plants';
import { timePlants } from './time-plants';

export const simulationPlants: readonly Plant[] = [
  ...timePlants,
  ...intakePlants,
  ...orderPlants,
  ...fencePlants,
  ...effectPlants,
];

export interface PlantOutcome {
  caught: boolean;
  /** The one that caught it; else the last one that was run. */
  seed: number;
  violations: Violation[];
}

/** Runs seeds with the plant in, until the checker sees it. A crash of the simulation itself is no catch. */
export async function runPlant(plant: Plant, fromSeed: number, mostSeeds: number): Promise<PlantOutcome> {
  let seed = fromSeed;
  for (; seed < fromSeed + mostSeeds; seed++) {
    const outcome = await runSeed(seed, { parts: (world) => plant.build(world) });
    const violations = outcome.violations.filter(({ rule }) => rule !== 'crash');
    if (violations.length > 0) return { caught: true, seed, violations };
  }
  return { caught: false, seed: seed - 1, violations: [] };
}
