import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { machineSeconds, parseStat, readProcesses, treeSeconds } from './process-times';

describe(parseStat, () => {
  it('reads a process whose command has spaces and parentheses', () => {
    const line = '42 (a (b) c) S 7 42 42 0 -1 4194560 10 20 0 0 150 50 30 10 20 0 11 0 100';
    expect(parseStat(line)).toEqual({ pid: 42, parent: 7, ownTicks: 200, endedChildrenTicks: 40 });
  });
});

describe(treeSeconds, () => {
  const one = (pid: number, parent: number, ownTicks: number, endedChildrenTicks = 0) =>
    [pid, { pid, parent, ownTicks, endedChildrenTicks }] as const;

  it('adds up a process, its descendants and what has ended below it', () => {
    const processes = new Map([one(1, 0, 999), one(10, 1, 100, 25), one(11, 10, 50), one(12, 11, 25)]);
    expect(treeSeconds(10, processes)).toBe(2);
  });

  it('is nothing of a process that has ended', () => {
    expect(treeSeconds(10, new Map())).toBe(0);
  });

  it('sees what a child of this process uses', async () => {
    const before = treeSeconds(process.pid, readProcesses());
    const child = spawn(process.execPath, ['-e', 'const t = Date.now(); while (Date.now() - t < 300);']);
    await once(child, 'exit');
    expect(treeSeconds(process.pid, readProcesses()) - before).toBeGreaterThan(0.1);
  });
});

describe(machineSeconds, () => {
  it('leaves out idling and waiting for disks', () => {
    expect(machineSeconds('cpu  100 20 30 99999 99999 40 10 0 0 0\ncpu0 1 1 1\n')).toBe(2);
  });
});
