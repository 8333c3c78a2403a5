import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc; fixed on Linux (`man 5 proc`, sysconf(_SC_CLK_TCK)). */
const TICKS_PER_SECOND = 100;

/** What one process has used so far. */
export interface ProcessTimes {
  pid: number;
  parent: number;
  /** User and system, of itself. */
  ownTicks: number;
  /** Of its children that have ended and were waited for. */
  endedChildrenTicks: number;
}

/** All processes of this machine; one that ends meanwhile is left out. */
export function readProcesses(): Map<number, ProcessTimes> {
  const processes = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      processes.set(Number(name), parseStat(readFileSync(`/proc/${name}/stat`, 'utf8')));
    } catch {
      continue; // it ended between the two reads
    }
  }
  return processes;
}

/** @param text of /proc/<pid>/stat; the command in parentheses may hold anything, spaces and parentheses too */
export function parseStat(text: string): ProcessTimes {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(text, 10),
    parent: field(4),
    ownTicks: field(14) + field(15),
    endedChildrenTicks: field(16) + field(17),
  };
}

/** CPU seconds of a process and all it has started, those that have ended too. */
export function treeSeconds(root: number, processes: ReadonlyMap<number, ProcessTimes>): number {
  const children = new Map<number, ProcessTimes[]>();
  for (const one of processes.values()) children.set(one.parent, [...(children.get(one.parent) ?? []), one]);
  let ticks = 0;
  const left = [processes.get(root)];
  for (let one = left.pop(); one; one = left.pop()) {
    ticks += one.ownTicks + one.endedChildrenTicks;
    left.push(...(children.get(one.pid) ?? []));
  }
  return ticks / TICKS_PER_SECOND;
}

/** CPU seconds of the whole machine since its start, waiting and idling not counted. */
export function machineSeconds(text = readFileSync('/proc/stat', 'utf8')): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (text.split('\n')[0] ?? '')
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}
