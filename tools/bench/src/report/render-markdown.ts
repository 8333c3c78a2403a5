import { meets } from '../goals';
import { median, spread } from '../measure/statistics';
import type { ProfileEntry } from '../bus/profile';
import type { Goal, Row, ScenarioResult } from '../scenario';
import type { BenchReport } from './bench-report';

const SHARES_SHOWN = 20;

/** The report as a page: verdicts first, then a table for each scenario. */
export function renderMarkdown(report: BenchReport, plots: ReadonlyMap<string, readonly string[]>): string {
  const { scenarios, failures, rounds, quick } = report;
  const goals = scenarios.flatMap((scenario) => scenario.goals);
  const met = goals.filter((goal) => meets(goal)).length;
  return [
    `# Benchmark${quick ? ', quick' : ''}: ${met} of ${goals.length} goals met`,
    `Commit \`${report.commit}\`, ${report.startedAt} to ${report.endedAt}, ${report.machine}. ` +
      `Figures are medians of ${rounds} interleaved rounds; compare them within this run alone, as ratios.`,
    goals.length > 0 ? goalTable(goals) : '',
    ...failures.map(
      ({ scenario, error }) => `**${scenario} did not come to its end:** ${error.split('\n')[0]}`,
    ),
    ...scenarios.map((scenario) => scenarioSection(scenario, plots.get(scenario.name) ?? [])),
    '## What ran',
    table(
      ['', ''],
      [
        ...Object.entries(report.versions),
        ...Object.entries(report.postgres).map(([name, value]) => [`PostgreSQL ${name}`, value] as const),
      ],
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function goalTable(goals: readonly Goal[]): string {
  return table(
    ['goal', 'what', 'figure', 'wanted', 'verdict'],
    goals.map((goal) => [
      goal.id,
      goal.text,
      numberText(goal.figure),
      `${goal.sense === 'at least' ? '≥' : '≤'} ${numberText(goal.goal)}`,
      meets(goal) ? 'met' : '**missed**',
    ]),
  );
}

function scenarioSection(
  { name, title, rows, notes, rejectedWindows, profiles = [] }: ScenarioResult,
  plots: readonly string[],
) {
  const told =
    rejectedWindows > 0 ? [...notes, `${rejectedWindows} disturbed windows measured again`] : notes;
  return [
    `## ${name}`,
    `${title.charAt(0).toUpperCase()}${title.slice(1)}.`,
    rowTable(rows),
    ...plots.map((file) => `![${name}](${file})`),
    ...profiles.flatMap(({ title: of, profile }) => [
      `### ${of}`,
      shareTable('CPU', profile.cpu),
      shareTable('allocations', profile.allocations),
    ]),
    told.map((note) => `- ${note}`).join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** The largest alone; the JSON has more. */
function shareTable(what: string, entries: readonly ProfileEntry[]): string {
  return table(
    [what, 'function itself'],
    entries
      .slice(0, SHARES_SHOWN)
      .map(({ where, share }) => [`${(share * 100).toFixed(1)} %`, `\`${where}\``]),
  );
}

function rowTable(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const cell = (row: Row, column: string) => {
    const figure = row.figures[column];
    if (!figure || figure.rounds.length === 0) return '';
    const spreadText = figure.rounds.length > 1 ? ` ± ${Math.round(spread(figure.rounds) * 50)} %` : '';
    return `${numberText(median(figure.rounds))}${spreadText}`;
  };
  const unit = (column: string) => rows.find(({ figures }) => figures[column])?.figures[column]?.unit ?? '';
  const hasSettings = rows.some(({ settings }) => settings);
  return table(
    [
      '',
      ...columns.map((name) => (name === unit(name) ? name : `${name} (${unit(name)})`)),
      ...(hasSettings ? ['settings'] : []),
    ],
    rows.map((row) => [
      row.variant,
      ...columns.map((column) => cell(row, column)),
      ...(hasSettings ? [row.settings ?? ''] : []),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Three figures that count. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  return value.toLocaleString('en-GB', { maximumFractionDigits: digits });
}
