import { withDefaults, type OperationEntries } from '@bus/domain';
import type { OperationSettings } from '@bus/contracts';

const here = (entry: Omit<OperationEntries[string], 'endpoint'>) => ({
  ...entry,
  endpoint: 'tcp://127.0.0.1:1',
});

/** Dependencies in all three manners, also through ordered operations; every lane rule; a rate; delays. */
const ENTRIES: OperationEntries = {
  'a.one': here({ eventType: 'a' }),
  'a.two': here({ eventType: 'a', dependsOn: ['a.one'] }),
  'a.three': here({ eventType: 'a', dependsOn: ['a.one', 'a.two'], onDependencyDead: 'run' }),
  'a.four': here({ eventType: 'a', dependsOn: ['a.two'], onDependencyDead: 'skip' }),
  'a.five': here({ eventType: 'a', dependsOn: ['a.four'], ordered: true, onDead: 'skip' }),
  'b.lane': here({ eventType: 'b', ordered: true }),
  'b.loose': here({
    ...{ eventType: 'b', ordered: true, onDead: 'skip', dependsOn: ['b.lane'], onDependencyDead: 'skip' },
  }),
  'b.tail': here({ eventType: 'b', ordered: true, dependsOn: ['b.loose'] }),
  'b.after': here({ eventType: 'b', dependsOn: ['b.tail', 'b.lane'], onDependencyDead: 'skip' }),
  'c.rated': here({ eventType: 'c', ratePerSecond: 0.5 }),
  'c.steady': here({ eventType: 'c', ratePerSecond: 0.5, ordered: true, dependsOn: ['c.rated'] }),
  'c.later': here({ eventType: 'c', delayMs: 60_000 }),
};
/** The second variant orders what was not, and the other way round; `u` has operations in it alone. */
const OTHERWISE: OperationEntries = {
  'a.one': here({ eventType: 'a', ordered: true }),
  'b.tail': here({ eventType: 'b', dependsOn: ['b.lane'], onDependencyDead: 'run' }),
  'u.first': here({ eventType: 'u', delayMs: 60_000 }),
  'u.second': here({ eventType: 'u', dependsOn: ['u.first'], ordered: true }),
};

export const EVENT_TYPES = ['a', 'b', 'c', 'u'] as const;

/** Operations of an event type. */
export function operationsOf(eventType: string, variant: 0 | 1): OperationSettings[] {
  const entries = variant === 0 ? ENTRIES : { ...ENTRIES, ...OTHERWISE };
  return Object.entries(entries)
    .filter(([, entry]) => entry.eventType === eventType)
    .map(([name, entry]) => withDefaults(name, entry));
}
