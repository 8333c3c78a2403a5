import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess, isRunning } from '@bus/embedded-postgres';
import { RunFile } from './run-file';

const GONE = 2 ** 22 + 1; // above the highest process id of Linux

/** A process whose command line bears the mark. */
async function sleeper(mark: string): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', mark], { stdio: 'ignore' });
  await once(child, 'spawn');
  return child.pid as number;
}

describe(RunFile, () => {
  let folder: string;
  let path: string;
  const self = { name: 'npm start', pid: process.pid, mark: 'jest' };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'run-file-'));
    path = join(folder, 'deep/local-bus.json');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('ends what a killed start left behind, and names it', async () => {
    const pid = await sleeper('mark-of-points');
    const killed = new RunFile(path, { name: 'npm start', pid: GONE, mark: 'start.mjs' });
    killed.note({ name: 'points', pid, mark: 'mark-of-points' });
    killed.note({ name: 'sms', pid: GONE, mark: 'mark-of-sms' });
    expect(await new RunFile(path, self).endLeftovers()).toEqual(['points']);
    expect(isRunning(pid)).toBe(false);
  });

  it('leaves a foreign process alone that got the same id', async () => {
    const pid = await sleeper('somebody-else');
    new RunFile(path, { name: 'npm start', pid: GONE, mark: 'start.mjs' }).note({
      name: 'points',
      pid,
      mark: 'points/main.js',
    });
    expect(await new RunFile(path, self).endLeftovers()).toEqual([]);
    expect(isRunning(pid)).toBe(true);
    await endProcess(pid, 'SIGKILL', 5_000);
  });

  it('refuses a second start beside a live one, naming its process', async () => {
    const pid = await sleeper('tools/local-bus/start.mjs');
    new RunFile(path, { name: 'npm start', pid, mark: 'tools/local-bus/start.mjs' }).note({
      ...self,
      name: 'points',
    });
    const second = new RunFile(path, self);
    await expect(second.endLeftovers()).rejects.toThrow(`kill ${pid}`);
    second.remove();
    expect(existsSync(path)).toBe(true);
    await endProcess(pid, 'SIGKILL', 5_000);
  });

  it('notes a restarted app in the place of the first, and is removed at the end', () => {
    const file = new RunFile(path, self);
    file.note({ name: 'points', pid: 1, mark: 'm' });
    file.note({ name: 'points', pid: 2, mark: 'm' });
    expect(JSON.parse(readFileSync(path, 'utf8')).processes).toEqual([{ name: 'points', pid: 2, mark: 'm' }]);
    file.remove();
    expect(() => readFileSync(path)).toThrow('ENOENT');
  });

  it('takes a file that was cut off by a kill as none', async () => {
    const file = new RunFile(path, self);
    file.note({ name: 'points', pid: GONE, mark: 'm' });
    writeFileSync(path, '{"starter":');
    expect(await file.endLeftovers()).toEqual([]);
  });
});
