import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PartResult } from '../layer';
import { RunState } from './run-state';

const result = (part: string): PartResult => ({
  part,
  durationMs: 1,
  counts: { seeds: 500 },
  violations: [],
});

describe(RunState, () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'omnibus-proof-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('goes on behind what a stopped run has finished', () => {
    new RunState(dir).keep({ layer: 'simulation', commit: 'c0ffee', result: result('1') });
    expect([...new RunState(dir).of('simulation').keys()]).toEqual(['1']);
    expect(new RunState(dir).of('races').size).toBe(0);
  });

  it('passes over a line that was cut by a kill', () => {
    new RunState(dir).keep({ layer: 'crash', commit: 'c0ffee', result: result('1') });
    appendFileSync(join(dir, 'parts.jsonl'), '{"layer":"crash","commit":"c0f');
    expect([...new RunState(dir).of('crash').keys()]).toEqual(['1']);
  });

  it('takes only the parts it is told to', () => {
    new RunState(dir).keep({ layer: 'crash', commit: 'old', result: result('1') });
    expect(new RunState(dir, ({ commit }) => commit === 'new').all).toEqual([]);
  });

  it('forgets all of it when asked to', () => {
    new RunState(dir).keep({ layer: 'crash', commit: 'c0ffee', result: result('1') });
    RunState.forget(dir);
    expect(new RunState(dir).all).toEqual([]);
  });
});
