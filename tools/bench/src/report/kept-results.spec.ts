import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScenarioResult } from '../scenario';
import { KeptResults } from './kept-results';

const run = { commit: 'a1', rounds: 5, quick: false };
const result: ScenarioResult = {
  name: 'raw',
  title: 'raw',
  rows: [],
  goals: [],
  plots: [],
  rejectedWindows: 0,
  notes: ['quiet'],
};

describe(KeptResults, () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'kept-results-'));
    file = join(dir, 'kept.json');
    new KeptResults(file, run).keep(result);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('gives a later run of the same commit what was found', () => {
    expect(new KeptResults(file, run).find('raw')).toEqual(result);
    expect(new KeptResults(file, run).find('drain')).toBeUndefined();
  });

  it('says on which commit it was found where that is another', () => {
    expect(new KeptResults(file, { ...run, commit: 'b2' }).find('raw')?.notes).toEqual([
      'quiet',
      'Measured on commit a1.',
    ]);
  });

  it('says in how many rounds it was found where they are others', () => {
    expect(new KeptResults(file, { ...run, rounds: 3 }).find('raw')?.notes).toEqual([
      'quiet',
      'Medians of 5 rounds.',
    ]);
  });

  it('keeps quick runs apart', () => {
    expect(new KeptResults(file, { ...run, quick: true }).find('raw')).toBeUndefined();
  });
});
