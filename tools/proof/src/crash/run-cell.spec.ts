import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '../random';
import { cellsOf } from './crash-cell';
import { CrashStage } from './crash-stage';
import { runCell } from './run-cell';

const WITHIN_MS = 180_000;

describe(runCell, () => {
  let workDir: string;
  let crash: CrashStage;
  const ending = new AbortController();

  beforeAll(async () => {
    workDir = mkdtempSync(join(tmpdir(), 'crash-cells-'));
    mkdirSync(join(workDir, 'markers'));
    const { signal } = ending;
    crash = await CrashStage.open({ broker: 'postgres', workDir, signal, progress: () => undefined });
  }, WITHIN_MS);
  afterAll(async () => {
    ending.abort(new Error('the spec is over'));
    await crash?.close();
    rmSync(workDir, { recursive: true, force: true });
  });

  it(
    'ends a producer and a consumer at their points, and finds every promise kept',
    async () => {
      const all = cellsOf('full', new SeededRandom(1), ['postgres']);
      const cells = ['publish.after-send-SIGKILL-2', 'close.before-commit-SIGKILL-1'].map((name) => {
        const cell = all.find((one) => one.name === name);
        if (!cell) throw new Error(`there is no cell ${name}`);
        return cell;
      });
      const { signal } = ending;
      const results = await Promise.all(
        cells.map((cell) => runCell(crash, cell, { dir: join(workDir, 'markers'), signal })),
      );
      for (const { violations, counts, invariants } of results) {
        expect(violations).toEqual([]);
        expect(counts).toMatchObject({ cells: 1, 'faults.kill': 1 });
        // It was looked at: events, effects, attempts.
        const checked = new Map(invariants?.map((one) => [one.id, one.checked]));
        for (const id of ['I1', 'I3', 'I4', 'I5', 'I6', 'I9', 'I11', 'I14'] as const)
          expect(checked.get(id)).toBeGreaterThan(0);
      }
    },
    WITHIN_MS,
  );
});
