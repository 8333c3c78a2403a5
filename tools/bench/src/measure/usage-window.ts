import { machineSeconds, readProcesses, treeSeconds } from './process-times';

/** Of a stretch of time. */
export interface Usage {
  wallSeconds: number;
  /** CPU seconds of the named processes with all they have started, by name. */
  cpuSeconds: Record<string, number>;
  /** Cores that others than this bench used, on average. */
  otherCores: number;
}

/** A window with more of others' CPU than this counts for nothing. */
export const MOST_OTHER_CORES = 0.3;

/** Begins to measure. @param roots process ids by name, for the CPU of each
 *  @returns ends it and tells */
export function openWindow(roots: Readonly<Record<string, number>>): () => Usage {
  const before = look(roots);
  return () => {
    const after = look(roots);
    const wallSeconds = (after.atMs - before.atMs) / 1000;
    const others = after.machine - before.machine - (after.own - before.own);
    return {
      wallSeconds,
      cpuSeconds: Object.fromEntries(
        Object.keys(roots).map((name) => [name, (after.trees[name] ?? 0) - (before.trees[name] ?? 0)]),
      ),
      otherCores: Math.max(0, others / wallSeconds),
    };
  };
}

function look(roots: Readonly<Record<string, number>>) {
  const processes = readProcesses();
  return {
    atMs: performance.now(),
    machine: machineSeconds(),
    own: treeSeconds(process.pid, processes),
    trees: Object.fromEntries(
      Object.entries(roots).map(([name, pid]) => [name, treeSeconds(pid, processes)]),
    ),
  };
}
