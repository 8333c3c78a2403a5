import type { World } from '../world';
import { WorldParts } from '../world-parts';
import type { WorldPlan } from '../world-plan';
import type { Plant } from './plant';

/** The plan that brings a plant to light, and nothing planted: there must be no alarm. */
export class UnplantedParts extends WorldParts {
  private readonly planted: WorldParts;

  constructor(plant: Plant, world: World) {
    super(world);
    this.planted = plant.build(world);
  }

  override plan(plan: WorldPlan): WorldPlan {
    return this.planted.plan(plan);
  }
}
