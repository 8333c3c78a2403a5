import { Session, type HeapProfiler, type Profiler } from 'node:inspector/promises';

/** One function's share. */
export interface ProfileEntry {
  /** `name file:line`; the file's last three folders. */
  where: string;
  /** 0 to 1. */
  share: number;
}

/** Where a piece of work spent its time and what it allocated, the largest first. */
export interface WorkProfile {
  cpuSeconds: number;
  /** In the function itself. */
  cpu: ProfileEntry[];
  /** In the function and what it called. */
  cpuWithCallees: ProfileEntry[];
  allocatedMb: number;
  allocations: ProfileEntry[];
}

const SAMPLE_EVERY_US = 500;
const SAMPLE_EVERY_BYTES = 64 * 1024;
const KEPT = 60;
const NOT_WORK = new Set(['(idle)', '(program)', '(root)']);

/** Does the work under V8's own profilers (https://chromedevtools.github.io/devtools-protocol/v8/Profiler/). */
export async function profiled<T>(work: () => Promise<T>): Promise<{ value: T; profile: WorkProfile }> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
    await session.post('HeapProfiler.startSampling', {
      samplingInterval: SAMPLE_EVERY_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    } as HeapProfiler.StartSamplingParameterType);
    await session.post('Profiler.start');
    const value = await work();
    const { profile } = await session.post('Profiler.stop');
    const heap = await session.post('HeapProfiler.stopSampling');
    return { value, profile: { ...cpuOf(profile), ...allocationsOf(heap.profile.head) } };
  } finally {
    session.disconnect();
  }
}

function cpuOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const own = new Map<number, number>();
  const self = new Map<string, number>();
  samples.forEach((id, at) => {
    const frame = names.get(id);
    if (!frame || NOT_WORK.has(frame.functionName)) return;
    add(self, placeOf(frame), timeDeltas[at] ?? 0);
    own.set(id, (own.get(id) ?? 0) + (timeDeltas[at] ?? 0));
  });
  const total = sumOf(self);
  return {
    cpuSeconds: total / 1e6,
    cpu: largest(self, total),
    cpuWithCallees: largest(withCallees(nodes, own), total),
  };
}

/** A function that calls itself counts once. */
function withCallees(nodes: readonly Profiler.ProfileNode[], own: ReadonlyMap<number, number>) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const inclusive = new Map<string, number>();
  const visit = (node: Profiler.ProfileNode, above: ReadonlySet<string>): number => {
    const place = placeOf(node.callFrame);
    const below = new Set(above).add(place);
    let time = own.get(node.id) ?? 0;
    for (const id of node.children ?? []) time += visit(byId.get(id) as Profiler.ProfileNode, below);
    if (!above.has(place)) add(inclusive, place, time);
    return time;
  };
  if (nodes[0]) visit(nodes[0], new Set());
  return inclusive;
}

function allocationsOf(head: HeapProfiler.SamplingHeapProfileNode) {
  const self = new Map<string, number>();
  const left = [head];
  for (let node = left.pop(); node; node = left.pop()) {
    add(self, placeOf(node.callFrame), node.selfSize);
    left.push(...node.children);
  }
  const total = sumOf(self);
  return { allocatedMb: total / 1e6, allocations: largest(self, total) };
}

function placeOf({
  functionName,
  url,
  lineNumber,
}: {
  functionName: string;
  url: string;
  lineNumber: number;
}) {
  const file = url.split('/').slice(-3).join('/');
  return `${functionName || '(anonymous)'} ${file}${file === '' ? '' : `:${lineNumber + 1}`}`.trim();
}

function largest(self: ReadonlyMap<string, number>, total: number): ProfileEntry[] {
  return [...self]
    .sort(([, a], [, b]) => b - a)
    .slice(0, KEPT)
    .map(([where, amount]) => ({ where, share: amount / total }));
}

function add(to: Map<string, number>, key: string, amount: number): void {
  to.set(key, (to.get(key) ?? 0) + amount);
}

function sumOf(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((sum, value) => sum + value, 0);
}
