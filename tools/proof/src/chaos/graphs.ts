import type { StageOperation } from '../stage/complete-settings';
import type { Stage } from '../stage/stage';
import { MAIN_TYPE, ONCE_TYPE, RATED_TYPE } from './planned-events';

/** Low enough to be reached. */
const RATE_PER_SECOND = 20;

/** Four operations: ordered, free, dependent, delayed. @param variant of the dependency: what is pinned shows */
export function mainGraph(variant: 0 | 1): StageOperation[] {
  return [
    { name: 'proof.record-a', ordered: true },
    { name: 'proof.record-b' },
    { name: 'proof.record-c', dependsOn: [variant === 0 ? 'proof.record-a' : 'proof.record-b'] },
    { name: 'proof.record-d', delayMs: 700 },
  ];
}

/** Activates the graphs of all event types of chaos. */
export async function activateGraphs(stage: Stage): Promise<void> {
  await stage.activate(MAIN_TYPE, mainGraph(0));
  await stage.activate(ONCE_TYPE, [
    { name: 'proof.provide', effect: 'at_most_once' },
    { name: 'proof.record-e', dependsOn: ['proof.provide'] },
  ]);
  await stage.activate(RATED_TYPE, [{ name: 'proof.record-rated', ratePerSecond: RATE_PER_SECOND }]);
}
