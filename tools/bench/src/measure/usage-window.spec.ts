import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openWindow } from './usage-window';

describe(openWindow, () => {
  it('tells the CPU of each named process from that of the rest', async () => {
    const busy = spawn(process.execPath, ['-e', 'const t = Date.now(); while (Date.now() - t < 400);']);
    const close = openWindow({ busy: busy.pid as number, gone: 2 ** 30 });
    await once(busy, 'exit');
    const usage = close();
    expect(usage.wallSeconds).toBeGreaterThan(0.2);
    expect(usage.cpuSeconds['gone']).toBe(0);
    expect(usage.otherCores).toBeGreaterThanOrEqual(0);
  });
});
