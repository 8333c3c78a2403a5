import type { Fault, OperationSettings } from '@bus/contracts';
import { jsonPointer } from './json-pointer';
import { endpointHost, readOperationEntries } from './operation-entry';

/** Parses a filter or mapping without running it. Returns what is wrong, or `null`. */
export type ExpressionCheck = (expression: string) => string | null;

export interface GraphRules {
  checkExpression: ExpressionCheck;
  /** Hosts that endpoints may name, `*.suffix` for all below a domain; empty: any host. Default empty. */
  allowedHosts?: readonly string[];
  /** Operations that could not be read and were reported: depending on one is no fault of its own. Default none. */
  unreadable?: readonly string[];
}

/** Operations of one event type: each replica holds all graphs in memory. */
const MOST_OPERATIONS = 100;

/**
 * Everything that keeps a graph from being activated, at once: each operation by itself, names, dependencies that do
 * not exist, cycles (named), endpoints' hosts, expressions. Empty: it may be activated.
 * @param path JSON pointer of the map of operations; a fault's path is `<path>/<operation>/<setting>`
 */
export function graphFaults(
  graph: { eventType: string; operations: readonly OperationSettings[] },
  rules: GraphRules,
  path = '',
): Fault[] {
  const faults: Fault[] = [];
  if (graph.operations.length > MOST_OPERATIONS)
    faults.push({ path, message: `an event type has at most ${MOST_OPERATIONS} operations` });
  const entries: Record<string, unknown> = {};
  for (const { name, ...settings } of graph.operations) {
    const at = path + jsonPointer([name]);
    if (Object.hasOwn(entries, name)) faults.push({ path: at, message: 'is named twice in this graph' });
    if (settings.eventType !== graph.eventType)
      faults.push({ path: `${at}/eventType`, message: 'must be the event type of its graph' });
    entries[name] = settings;
  }
  const sound = readOperationEntries(entries, path);
  return [
    ...faults,
    ...sound.faults,
    ...dependencyFaults(graph.operations, rules.unreadable ?? [], path),
    ...graph.operations
      .filter((operation) => Object.hasOwn(sound.entries, operation.name))
      .flatMap((operation) => ruleFaults(operation, rules, path)),
  ];
}

/**
 * The cycles of a graph, each as the names in the order of dependency, the first one repeated at the end:
 * `['a.run', 'b.run', 'a.run']` says that `a.run` depends on `b.run`, which depends on `a.run`. One for each
 * dependency that closes a cycle; empty: the graph is acyclic.
 */
export function findCycles(operations: readonly Pick<OperationSettings, 'name' | 'dependsOn'>[]): string[][] {
  const dependsOn = new Map(operations.map((operation) => [operation.name, operation.dependsOn]));
  const finished = new Set<string>();
  const trail: string[] = [];
  const cycles: string[][] = [];
  const visit = (name: string): void => {
    trail.push(name);
    for (const next of dependsOn.get(name) ?? []) {
      if (trail.includes(next)) cycles.push([...trail.slice(trail.indexOf(next)), next]);
      else if (!finished.has(next)) visit(next);
    }
    trail.pop();
    finished.add(name);
  };
  for (const { name } of operations) if (!finished.has(name)) visit(name);
  return cycles;
}

function dependencyFaults(
  operations: readonly OperationSettings[],
  unreadable: readonly string[],
  path: string,
): Fault[] {
  const known = new Set([...operations.map((operation) => operation.name), ...unreadable]);
  const unknown = operations.flatMap((operation) =>
    operation.dependsOn.flatMap((name, index) =>
      known.has(name)
        ? []
        : [
            {
              path: path + jsonPointer([operation.name, 'dependsOn', index]),
              message: `depends on ${name}, which is not an operation of ${operation.eventType}`,
            },
          ],
    ),
  );
  const cycles = findCycles(operations)
    .filter((cycle) => cycle.length > 2) // one that names itself is a fault of its own settings
    .map((cycle) => ({
      path: path + jsonPointer([cycle[0] ?? '', 'dependsOn']),
      message: `depends on itself through a cycle: ${cycle.join(' → ')}`,
    }));
  return [...unknown, ...cycles];
}

function ruleFaults(operation: OperationSettings, rules: GraphRules, path: string): Fault[] {
  const faults: Fault[] = [];
  for (const setting of ['filter', 'mapping'] as const) {
    const text = operation[setting];
    const message = text === null ? null : rules.checkExpression(text);
    if (message !== null) faults.push({ path: path + jsonPointer([operation.name, setting]), message });
  }
  if (operation.endpoint !== null && !isAllowed(endpointHost(operation.endpoint), rules.allowedHosts ?? []))
    faults.push({
      path: path + jsonPointer([operation.name, 'endpoint']),
      message: 'names a host that is not in the list of allowed hosts',
    });
  return faults;
}

function isAllowed(host: string, allowed: readonly string[]): boolean {
  return (
    allowed.length === 0 ||
    allowed.some((entry) => {
      const pattern = entry.toLowerCase();
      return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern;
    })
  );
}
