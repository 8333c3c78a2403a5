import type { OperationSettings } from '@bus/contracts';
import type { OperationFacts } from './evidence';

/**
 * What the checker has to know of an operation.
 * @param pinned settings of the graph version that the event was stored under
 * @param live settings of today, where the version's own are not the newest
 */
export function factsOf(pinned: OperationSettings, live: OperationSettings = pinned): OperationFacts {
  const { name, eventType, ordered, dependsOn } = pinned;
  const { onDependencyDead, onDead, delayMs, ratePerSecond } = live;
  return {
    name,
    eventType,
    ordered,
    dependsOn,
    onDependencyDead,
    onDead,
    delayMs,
    ratePerSecond,
    recordsEffects: true,
  };
}
