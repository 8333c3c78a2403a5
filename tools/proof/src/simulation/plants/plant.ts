import type { OperationSettings } from '@bus/contracts';
import { NO_CALL_FAULTS, type CallFaults } from '../call-faults';
import type { World } from '../world';
import type { WorldParts } from '../world-parts';
import type { WorldPlan } from '../world-plan';

/** A fault that is put into a world on purpose: the checker must catch it. */
export interface Plant {
  name: string;
  /** What the bus promises and this breaks. */
  guarantee: string;
  /** What it does otherwise than the product. */
  breaks: string;
  build(world: World): WorldParts;
}

/** A plan with all events on one key, so that lanes matter. */
export function onOneKey(plan: WorldPlan): WorldPlan {
  return {
    ...plan,
    partitions: 1,
    publishes: plan.publishes.map((planned) => ({ ...planned, event: { ...planned.event, key: 'user-1' } })),
  };
}

export function withOperations(
  plan: WorldPlan,
  change: (operation: OperationSettings, index: number) => Partial<OperationSettings>,
): WorldPlan {
  const operations = plan.operations.map((operation, index) => ({
    ...operation,
    ...change(operation, index),
  }));
  return { ...plan, operations, actions: plan.actions.filter(({ kind }) => kind !== 'activate') };
}

/** Without faults of processes and of the store; calls fail as said. */
export function withCalls(plan: WorldPlan, calls: Partial<CallFaults>): WorldPlan {
  return { ...plan, calls: { ...NO_CALL_FAULTS, ...calls }, faults: [], commitLost: { before: 0, after: 0 } };
}
