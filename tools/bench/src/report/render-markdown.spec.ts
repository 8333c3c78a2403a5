import type { ScenarioResult } from '../scenario';
import type { BenchReport } from './bench-report';
import { numberText, renderMarkdown } from './render-markdown';

const drain: ScenarioResult = {
  name: 'drain',
  title: 'the bus and all peers',
  rows: [
    {
      variant: 'Omnibus',
      settings: 'pool 6',
      figures: { 'events/s': { unit: 'events/s', rounds: [900, 1000, 1100] } },
    },
    { variant: 'a|b', figures: { 'CPU per 10k': { unit: 's', rounds: [1.234] } } },
  ],
  goals: [
    { id: 'P1', text: 'events/s ÷ a', figure: 9, sense: 'at least', goal: 8 },
    { id: 'P2', text: 'CPU ÷ a', figure: 0.3, sense: 'at most', goal: 0.25 },
  ],
  plots: [],
  rejectedWindows: 2,
  notes: ['told to readers'],
};
const report: BenchReport = {
  commit: 'abc',
  startedAt: '2026-01-01T00:00:00Z',
  endedAt: '2026-01-01T00:10:00Z',
  quick: false,
  rounds: 3,
  machine: '2 × processor',
  versions: { Node: '20' },
  postgres: { fsync: 'on' },
  scenarios: [drain],
  failures: [{ scenario: 'big', error: 'Error: no disk\n  at x' }],
};

describe(renderMarkdown, () => {
  const page = renderMarkdown(report, new Map([['drain', ['drain.svg']]]));

  it('begins with the verdicts, a missed one in bold', () => {
    expect(page).toContain('# Benchmark: 1 of 2 goals met');
    expect(page).toContain('| P1 | events/s ÷ a | 9 | ≥ 8 | met |');
    expect(page).toContain('| P2 | CPU ÷ a | 0.3 | ≤ 0.25 | **missed** |');
  });

  it('has a row for each variant, with medians, their spread and an empty cell where nothing was measured', () => {
    expect(page).toContain('|  | events/s | CPU per 10k (s) | settings |');
    expect(page).toContain('| Omnibus | 1,000 ± 10 % |  | pool 6 |');
    expect(page).toContain('| a\\|b |  | 1.23 |  |');
  });

  it('tells what failed, what was disturbed and what ran', () => {
    expect(page).toContain('**big did not come to its end:** Error: no disk');
    expect(page).toContain('- 2 disturbed windows measured again');
    expect(page).toContain('| PostgreSQL fsync | on |');
    expect(page).toContain('![drain](drain.svg)');
  });
});

describe(numberText, () => {
  it.each([
    [12_345.6, '12,346'],
    [56.78, '56.8'],
    [1.234, '1.23'],
    [0.12345, '0.123'],
    [NaN, '–'],
  ])('writes %d as %s', (value, text) => expect(numberText(value)).toBe(text));
});
