import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchReport } from './bench-report';
import { writeReport } from './write-report';

describe(writeReport, () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'bench-report-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  const report = (quick: boolean): BenchReport => ({
    commit: 'abc',
    startedAt: '2026-01-01T00:00:00Z',
    endedAt: '2026-01-01T00:10:00Z',
    quick,
    rounds: 3,
    machine: '2 × processor',
    versions: {},
    postgres: {},
    failures: [],
    scenarios: [
      {
        name: 'raw',
        title: 'parts',
        rows: [],
        goals: [],
        rejectedWindows: 0,
        notes: [],
        plots: [
          {
            kind: 'bars',
            title: 'Rates',
            unit: 'calls/s',
            categories: ['a', 'b'],
            series: [{ name: 'x', values: [1, 2] }],
          },
          {
            kind: 'lines',
            title: 'Memory',
            unit: 'MB',
            xUnit: 'minute',
            series: [
              {
                name: 'x',
                points: [
                  [0, 1],
                  [1, 2],
                ],
              },
            ],
          },
        ],
      },
    ],
  });

  it('writes the figures, a page, and a picture for each plot', () => {
    const page = writeReport(report(false), dir);
    expect(page).toBe(join(dir, 'bench.md'));
    expect(JSON.parse(readFileSync(join(dir, 'bench.json'), 'utf8'))).toEqual(report(false));
    expect(readFileSync(join(dir, 'raw.svg'), 'utf8')).toMatch(/^<svg[\s\S]*Rates/);
    expect(readFileSync(join(dir, 'raw-2.svg'), 'utf8')).toContain('Memory');
    expect(readFileSync(page, 'utf8')).toContain('![raw](raw-2.svg)');
  });

  it('leaves the whole run’s files alone when it was the quick one', () => {
    writeReport(report(true), dir);
    expect(existsSync(join(dir, 'quick-raw.svg'))).toBe(true);
    expect(existsSync(join(dir, 'bench.json'))).toBe(false);
  });
});
