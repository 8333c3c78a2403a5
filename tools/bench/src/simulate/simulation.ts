import { checkDrains, type Check } from './check';
import { ASSUMED_COSTS, type Costs } from './costs';
import type { FoundCosts } from './find-costs';
import { predict, type Prediction } from './predict';
import type { Setup } from './setup';
import { sizeSetup, type Sized } from './size-setup';

export interface Simulation {
  /** Where the costs come from, for people. */
  source: string;
  costs: Costs;
  setup: Setup;
  /** The setup as it stands, by rate. */
  asItStands: Prediction[];
  /** The setup that each rate needs. */
  needed: Sized[];
  /** null: nothing was measured to compare with. */
  check: Check | null;
}

export interface SimulationRequest {
  setup: Setup;
  /** Events/s. */
  rates: readonly number[];
  backlogEvents: number;
  /** null: the assumed costs. */
  found: FoundCosts | null;
  /** What `found` was found in. */
  reportName: string;
}

export function simulate({ setup, rates, backlogEvents, found, reportName }: SimulationRequest): Simulation {
  const costs = found?.costs ?? { ...ASSUMED_COSTS };
  return {
    source: found
      ? `measured (${reportName})${found.assumed.length > 0 ? `; assumed: ${found.assumed.join(', ')}` : ''}`
      : 'assumed, not measured',
    costs,
    setup,
    asItStands: rates.map((eventsPerSecond) => predict(costs, setup, { eventsPerSecond, backlogEvents })),
    needed: rates.map((eventsPerSecond) => sizeSetup(costs, setup, eventsPerSecond)),
    check: found ? checkDrains(found) : null,
  };
}
