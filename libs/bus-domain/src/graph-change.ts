import { PINNED_SETTINGS, type Fault, type OperationSettings } from '@bus/contracts';
import { jsonPointer } from './json-pointer';
import { withDefaults, type OperationEntries } from './operation-entry';

/** One setting that would change. */
export interface SettingChange {
  /** `timeoutMs`, or `retry.backoffMs`. */
  setting: string;
  from: unknown;
  to: unknown;
  /** `pinned`: events that are stored keep the old one. `live`: takes effect on all of them within 2 s. */
  kind: 'pinned' | 'live';
}

export interface OperationChange {
  operation: string;
  settings: SettingChange[];
}

export interface GraphDifference {
  added: string[];
  removed: string[];
  changed: OperationChange[];
}

/** What applying entries does to the graph of one event type. */
export interface GraphPlan extends GraphDifference {
  eventType: string;
  /** The active version that this was planned on; `null`: none. Activation is refused where it is another by then. */
  expectedVersion: number | null;
  /** `retire`: nothing is left of it. */
  outcome: 'unchanged' | 'activate' | 'retire';
  /** Active operations that no entry names; they stay. */
  kept: string[];
  /** The whole graph as it would be. */
  operations: OperationSettings[];
  /** Operations whose entry says no `state`: a pause or disabling by a person, whenever it comes, survives. */
  keepState: string[];
}

/** A graph that is active now, live settings merged in. */
export interface PresentGraph {
  eventType: string;
  version: number;
  operations: readonly OperationSettings[];
}

/** Entries of several files in one map. @returns a fault for each operation that two files name */
export function mergeEntries(files: readonly { file: string; entries: OperationEntries }[]): {
  entries: OperationEntries;
  faults: (Fault & { file: string })[];
} {
  const entries: OperationEntries = {};
  const faults: (Fault & { file: string })[] = [];
  const first = new Map<string, string>();
  for (const { file, entries: more } of files) {
    for (const [name, entry] of Object.entries(more)) {
      const before = first.get(name);
      if (before === undefined) {
        first.set(name, file);
        entries[name] = entry;
      } else {
        const message = `${name} is in ${before} already; an operation belongs to one file and one event type`;
        faults.push({ file, path: jsonPointer([name]), message });
      }
    }
  }
  return { entries, faults };
}

/**
 * One graph per event type from the entries and what is active now. An operation that no entry names stays unless
 * `prune`; one whose entry names another event type moves there. A `state` that an entry leaves out stays as it is.
 * @returns plans of all event types that the entries or the active graphs name, by event type; unchecked
 */
export function planGraphs(change: {
  entries: OperationEntries;
  active: readonly PresentGraph[];
  prune: boolean;
}): GraphPlan[] {
  const present = new Map(
    change.active.flatMap((graph) => graph.operations.map((o) => [o.name, o] as const)),
  );
  const named = Object.entries(change.entries).map(([name, entry]) => {
    const settings = withDefaults(name, entry);
    return { ...settings, state: entry.state ?? present.get(name)?.state ?? 'active' };
  });
  const types = new Set([...named.map((o) => o.eventType), ...change.active.map((graph) => graph.eventType)]);
  return [...types].sort().map((eventType) => {
    const graph = change.active.find((candidate) => candidate.eventType === eventType);
    const before = graph?.operations ?? [];
    const kept = change.prune ? [] : before.filter((o) => !Object.hasOwn(change.entries, o.name));
    const operations = [...named.filter((o) => o.eventType === eventType), ...kept].sort(byName);
    const difference = diffGraphs(before, operations);
    const same = Object.values(difference).every((list) => list.length === 0);
    return {
      eventType,
      expectedVersion: graph?.version ?? null,
      outcome: same ? 'unchanged' : operations.length === 0 ? 'retire' : 'activate',
      ...difference,
      kept: kept.map((o) => o.name).sort(),
      operations: operations.map(copySettings),
      keepState: operations.map((o) => o.name).filter((name) => !change.entries[name]?.state),
    };
  });
}

/** Compares two graphs of one event type. Order of operations and of dependencies means nothing. */
export function diffGraphs(
  before: readonly OperationSettings[],
  after: readonly OperationSettings[],
): GraphDifference {
  const old = new Map(before.map((operation) => [operation.name, operation]));
  const now = new Map(after.map((operation) => [operation.name, operation]));
  return {
    added: [...now.keys()].filter((name) => !old.has(name)).sort(),
    removed: [...old.keys()].filter((name) => !now.has(name)).sort(),
    changed: [...now.values()].sort(byName).flatMap((operation) => {
      const previous = old.get(operation.name);
      const settings = previous ? diffSettings(previous, operation) : [];
      return settings.length === 0 ? [] : [{ operation: operation.name, settings }];
    }),
  };
}

const PINNED: ReadonlySet<string> = new Set(PINNED_SETTINGS);

function diffSettings(before: OperationSettings, after: OperationSettings): SettingChange[] {
  const old = flatten(before);
  return Object.entries(flatten(after))
    .filter(([setting, to]) => JSON.stringify(to) !== JSON.stringify(old[setting] ?? null))
    .map(([setting, to]) => ({
      setting,
      from: old[setting] ?? null,
      to,
      kind: PINNED.has(setting) ? 'pinned' : 'live',
    }));
}

/** `retry` becomes `retry.maxAttempts` and so on; dependencies are a set. */
function flatten(operation: OperationSettings): Record<string, unknown> {
  const { retry, ...rest } = copySettings(operation);
  const flat: Record<string, unknown> = { ...rest, dependsOn: [...rest.dependsOn].sort() };
  for (const [name, value] of Object.entries(retry)) flat[`retry.${name}`] = value;
  return flat;
}

/** The settings alone, in one order: what else an object carries (an operation id) stays behind. */
function copySettings(operation: OperationSettings): OperationSettings {
  const { name, eventType, endpoint, timeoutMs, concurrency, ratePerSecond, ordered, dependsOn } = operation;
  const { onDependencyDead, onDead, retry, effect, filter, mapping, delayMs, state, cancelSource } =
    operation;
  return {
    name,
    eventType,
    endpoint,
    timeoutMs,
    concurrency,
    ratePerSecond,
    ordered,
    dependsOn,
    onDependencyDead,
    onDead,
    retry: {
      maxAttempts: retry.maxAttempts,
      maxAgeMs: retry.maxAgeMs,
      backoffMs: retry.backoffMs,
      backoffCapMs: retry.backoffCapMs,
    },
    effect,
    filter,
    mapping,
    delayMs,
    state,
    cancelSource,
  };
}

function byName(a: OperationSettings, b: OperationSettings): number {
  return a.name < b.name ? -1 : 1;
}
