import { ATTEMPT_OUTCOMES } from '@bus/contracts';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { Client } from 'pg';
import { buildPreload } from './build-preload';
import type { CrashPointName, CrashSignal } from './crash-points';
import { crashEnv } from './preload/crash-order';

const ROOT = resolve(__dirname, '../../../..');
const WITHIN_MS = 10_000;

/** Six numbered pieces of work in a row, each committed by itself, by the name and in the form of the store's close:
 *  values 3 and 7 are outcomes and durations; it answers the place of each end. */
const PROGRAM = `
const { Client } = require(${JSON.stringify(require.resolve('pg'))});
const [OUTCOME, DURATION] = process.argv[3] === 'swept' ? ['{${ATTEMPT_OUTCOMES.indexOf('unknown')}}', '{NULL}'] : ['{0}', '{1}'];
const UNUSED = '(values ($2::int, $3::int, $4::int[], $5::int, $6::int, $7::int, $8::int[])) unused';
// The second one does nothing: it is no hit.
const WORK = 'with done as (insert into work select $1::int where $1::int <> 2 returning n) '
  + "select '1' as ended from done, " + UNUSED;
(async () => {
  const client = new Client({ connectionString: process.argv[2] });
  await client.connect();
  for (let n = 1; n <= 6; n += 1) {
    if (process.argv[3] === 'together') await client.query('begin');
    await client.query({ name: 'bus-close', text: WORK, values: [n, 0, 0, OUTCOME, 0, 0, 0, DURATION] });
    if (process.argv[3] === 'together') await client.query('commit');
  }
  await client.end();
})();
`;
const DONE = [1, 3, 4, 5, 6];

describe('the crash points around a commit', () => {
  let dir: string;
  let preload: string;
  let database: TestDatabase;
  let client: Client;
  let running: ChildProcess | undefined;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'crash-points-'));
    preload = await buildPreload(dir);
    writeFileSync(join(dir, 'program.js'), PROGRAM);
    database = await createTestDatabase('crash');
    client = new Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
    rmSync(dir, { recursive: true });
  });
  // One left stopped would hold its locks, and its pipe to Jest, for ever.
  afterEach(() => running?.kill('SIGKILL'));
  beforeEach(async () => {
    await client.query('drop table if exists work');
    await client.query('create table work (n int)');
  });

  const stored = async () =>
    (await client.query<{ n: number }>('select n from work order by n')).rows.map(({ n }) => n);

  function start(
    point: CrashPointName,
    hit: number,
    signal: CrashSignal,
    how: 'alone' | 'together' | 'swept',
  ) {
    const markerFile = join(dir, `${point}-${hit}-${signal}-${how}`);
    const child = spawn(
      process.execPath,
      ['--require', preload, join(dir, 'program.js'), database.url, how],
      {
        cwd: ROOT,
        env: { PATH: process.env.PATH, ...crashEnv({ point, hit, signal, markerFile }) },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    running = child;
    const ended = new Promise<string | number | null>((done) =>
      child.once('exit', (code, by) => done(by ?? code)),
    );
    return { child, ended, markerFile };
  }

  describe.each(['alone', 'together'] as const)('of work committed %s', (how) => {
    it.each([1, 4])('before-commit at hit %i leaves what was committed before it', async (hit) => {
      const { ended, markerFile } = start('close.before-commit', hit, 'SIGKILL', how);
      expect(await ended).toBe('SIGKILL');
      expect(JSON.parse(readFileSync(markerFile, 'utf8'))).toMatchObject({
        point: 'close.before-commit',
        hit,
      });
      expect(await stored()).toEqual(DONE.slice(0, hit - 1));
    });

    it.each([1, 4])('after-commit at hit %i leaves its own work too', async (hit) => {
      const { ended } = start('close.after-commit', hit, 'SIGKILL', how);
      expect(await ended).toBe('SIGKILL');
      expect(await stored()).toEqual(DONE.slice(0, hit));
    });

    it('goes on to the end after a stop', async () => {
      const { child, ended, markerFile } = start('close.before-commit', 3, 'SIGSTOP', how);
      await appears(markerFile, dir);
      expect(await stored()).toEqual([1, 3]);
      // Its marker is there before it has stopped, and a signal to go on is lost on one that still runs.
      const goOn = setInterval(() => child.kill('SIGCONT'), 20);
      expect(await ended.finally(() => clearInterval(goOn))).toBe(0);
      expect(await stored()).toEqual(DONE);
    });
  });

  it('leaves a process alone that never reaches the point', async () => {
    const { ended, markerFile } = start('claim.after-commit', 1, 'SIGKILL', 'alone');
    expect(await ended).toBe(0);
    expect(existsSync(markerFile)).toBe(false);
    expect(await stored()).toEqual(DONE);
  });

  it('takes what nobody saw the end of for a sweep', async () => {
    const { ended } = start('sweep.after-commit', 2, 'SIGKILL', 'swept');
    expect(await ended).toBe('SIGKILL');
    expect(await stored()).toEqual(DONE.slice(0, 2));
  });

  it('does not take what nobody saw the end of for a close', async () => {
    // Outcome 0 with a duration is a close, not the end that a sweep writes.
    const { ended } = start('sweep.after-commit', 1, 'SIGKILL', 'alone');
    expect(await ended).toBe(0);
  });
});

/** @throws Error after 10 s */
function appears(file: string, dir: string): Promise<void> {
  return new Promise((done, fail) => {
    const over = (end: () => void) => {
      clearTimeout(timer);
      watcher.close();
      end();
    };
    const look = () => existsSync(file) && over(done);
    const timer = setTimeout(() => over(() => fail(new Error(`${file} did not appear`))), WITHIN_MS);
    const watcher = watch(dir, look);
    look();
  });
}
