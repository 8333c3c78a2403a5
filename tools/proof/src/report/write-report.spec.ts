import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkEvidence } from '../checker/check-evidence';
import { sampleEvidence } from '../checker/sample-evidence';
import type { PartResult } from '../layer';
import { hasPassed, type ProofReport } from './proof-report';
import { writeReport } from './write-report';

function reportOf(part: Partial<PartResult>): ProofReport {
  const { invariants, histograms } = checkEvidence(sampleEvidence(), 'spec');
  return {
    tier: 'full',
    seed: 7,
    broker: null,
    commit: 'c0ffee',
    commits: ['c0ffee'],
    startedAt: '2026-01-02T03:04:05.000Z',
    endedAt: '2026-01-02T03:14:05.000Z',
    versions: { Node: '20.19.0' },
    machine: '2 × processor',
    layers: [
      {
        layer: 'chaos',
        title: 'real processes',
        failure: null,
        skipped: null,
        parts: [
          {
            part: '1',
            durationMs: 60_000,
            counts: { events: 5000, 'faults.kill': 3, 'faults.link.cut': 2 },
            violations: [],
            invariants,
            histograms,
            timeline: [
              { atMs: 1000, kind: 'kill', target: 'bus-consumer-1' },
              { atMs: 3000, durationMs: 4000, kind: 'stop', target: 'bus-producer-2' },
            ],
            ...part,
          },
        ],
      },
    ],
  };
}

describe(writeReport, () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'omnibus-report-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('tells seed, commit, figures, faults, invariants and histograms, with the picture beside it', () => {
    const text = readFileSync(writeReport(reportOf({}), dir), 'utf8');
    expect(text).toContain('# Proof, full: passed');
    expect(text).toContain('npm run proof -- full --seed 7');
    expect(text).toMatch(/\| chaos .*5,000 events.*1 min 0 s \| 0 \|/);
    expect(text).toContain('| chaos: kill | 3 |');
    expect(text).toContain('## Faults: 5');
    expect(text).toMatch(/\| I4 \| .* \| 30 \| 0 \|/);
    expect(text).toContain('late after its time, ms');
    expect(text).toContain('(full-c0ffee.svg)');
    const svg = readFileSync(join(dir, 'full-c0ffee.svg'), 'utf8');
    expect(svg).toMatch(/^<svg/);
    expect(svg).toContain('bus-producer');
  });

  it('says FAILED, what was seen and how to repeat it', () => {
    const report = reportOf({ violations: [{ rule: 'I4', detail: '2 effects | of x', repeat: 'seed 7' }] });
    expect(hasPassed(report)).toBe(false);
    const text = readFileSync(writeReport(report, dir), 'utf8');
    expect(text).toContain('# Proof, full: FAILED');
    expect(text).toContain('| I4 | 2 effects \\| of x | seed 7 |');
  });

  it('fails a run whose layer could not go on, violations or not', () => {
    const report = reportOf({});
    report.layers[0].failure = 'PostgreSQL did not start';
    expect(hasPassed(report)).toBe(false);
    expect(readFileSync(writeReport(report, dir), 'utf8')).toContain(
      'could not go on: PostgreSQL did not start',
    );
  });
});
