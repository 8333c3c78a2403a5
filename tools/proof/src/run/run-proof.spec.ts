import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Layer, LayerContext, PartResult } from '../layer';
import { runProof } from './run-proof';
import { RunState } from './run-state';

const result = (part: string): PartResult => ({ part, durationMs: 1, counts: { cells: 1 }, violations: [] });

/** Two parts; the second one is where a run may be stopped. */
function twoParts(run: (context: LayerContext) => void): Layer {
  return {
    name: 'crash',
    title: 'two parts',
    async run(context) {
      const parts: PartResult[] = [];
      for (const part of ['1', '2']) {
        const done = context.done.get(part);
        if (!done) {
          run(context);
          context.keep(part, result(part));
        }
        parts.push(done ?? result(part));
      }
      return parts;
    },
  };
}

describe(runProof, () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'omnibus-proof-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const prove = (layers: Layer[], lines: string[] = []) =>
    runProof({
      tier: 'quick',
      seed: 1,
      broker: null,
      commit: 'c0ffee',
      layers,
      state: new RunState(dir),
      workDir: dir,
      signal: new AbortController().signal,
      progress: (text) => lines.push(text),
    });

  it('goes on where a stopped run was, and does no part twice', async () => {
    let ran = 0;
    const stopAtSecond = twoParts(() => {
      if (++ran === 2) throw new Error('stopped');
    });
    const [stopped] = await prove([stopAtSecond]);
    expect(stopped.failure).toContain('stopped');
    expect(stopped.parts.map(({ part }) => part)).toEqual(['1']);

    const [report] = await prove([twoParts(() => ran++)]);
    expect(report).toMatchObject({ failure: null, skipped: null });
    expect(report.parts.map(({ part }) => part)).toEqual(['1', '2']);
    expect(ran).toBe(3);
  });

  it('runs the next layer where one has failed, and tells both', async () => {
    const lines: string[] = [];
    const reports = await prove(
      [
        twoParts(() => {
          throw new Error('no PostgreSQL');
        }),
        { ...twoParts(() => undefined), name: 'chaos' },
      ],
      lines,
    );
    expect(reports.map(({ failure }) => failure !== null)).toEqual([true, false]);
    expect(lines.join('\n')).toMatch(/crash +FAILED: Error: no PostgreSQL[^]*chaos +0 violations in 2 parts/);
  });

  it('says why a layer cannot run here', async () => {
    const [report] = await prove([{ ...twoParts(() => undefined), cannotRun: () => 'Java is missing' }]);
    expect(report).toMatchObject({ skipped: 'Java is missing', parts: [] });
  });
});
