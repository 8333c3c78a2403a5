import type { Histogram } from '../layer';
import {
  countsOf,
  faultsOf,
  hasPassed,
  invariantsOf,
  violationsOf,
  type LayerReport,
  type ProofReport,
} from './proof-report';

const number = new Intl.NumberFormat('en-US');

/** The report for people. @param picture file name of the timeline beside it; `null`: no faults were timed */
export function renderMarkdown(report: ProofReport, picture: string | null): string {
  const violations = violationsOf(report);
  return [
    `# Proof, ${report.tier}: ${hasPassed(report) ? 'passed' : 'FAILED'}`,
    '',
    `${number.format(violations.length)} violations. Seed ${report.seed}, commit \`${report.commit}\`, ` +
      `broker: ${report.broker ?? 'both'}. Run from ${report.startedAt} to ${report.endedAt} on ${report.machine}.`,
    ...(report.commits.length > 1
      ? ['', `The run was stopped and went on; its parts ran on the commits ${report.commits.join(', ')}.`]
      : []),
    '',
    `Repeat it: \`npm run proof -- ${report.tier} --seed ${report.seed}\`. What each layer and invariant means: [guarantees](../guarantees.md).`,
    '',
    '## Layers',
    '',
    table(['Layer', 'What', 'Figures', 'Time', 'Violations'], report.layers.map(layerRow)),
    '',
    '## Invariants',
    '',
    table(
      ['', 'Invariant', 'Cases looked at', 'Violations'],
      invariantsOf(report).map(({ id, title, checked, violations: found }) => [
        id,
        title,
        number.format(checked),
        number.format(found),
      ]),
    ),
    ...faultSection(report, picture),
    ...histogramSection(report),
    ...noteSection(report),
    ...violationSection(report),
    '',
    '## Versions',
    '',
    Object.entries(report.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(' · '),
    '',
  ].join('\n');
}

function layerRow(layer: LayerReport): string[] {
  if (layer.skipped !== null) return [layer.layer, layer.title, `not run: ${layer.skipped}`, '', ''];
  const figures = Object.entries(countsOf(layer))
    .filter(([name]) => !name.startsWith('faults.'))
    .map(([name, count]) => `${number.format(count)} ${name}`)
    .join(', ');
  const seconds = layer.parts.reduce((sum, part) => sum + part.durationMs, 0) / 1000;
  const found = layer.parts.reduce((sum, part) => sum + part.violations.length, 0);
  return [
    layer.layer,
    layer.title,
    figures,
    duration(seconds),
    layer.failure === null ? String(found) : `could not go on: ${layer.failure.split('\n')[0]}`,
  ];
}

function faultSection(report: ProofReport, picture: string | null): string[] {
  const faults = Object.entries(faultsOf(report)).sort();
  if (faults.length === 0) return [];
  const total = faults.reduce((sum, [, count]) => sum + count, 0);
  return [
    '',
    `## Faults: ${number.format(total)}`,
    '',
    ...(picture === null ? [] : [`![When which fault was injected](${picture})`, '']),
    table(
      ['Fault', 'Times'],
      faults.map(([kind, count]) => [kind, number.format(count)]),
    ),
  ];
}

function histogramSection(report: ProofReport): string[] {
  const rows = report.layers.flatMap((layer) =>
    layer.parts.flatMap((part) =>
      (part.histograms ?? []).map((histogram) => histogramRow(layer.layer, part.part, histogram)),
    ),
  );
  if (rows.length === 0) return [];
  return ['', '## Histograms', '', table(['Part', 'What', 'Count', 'min', 'p50', 'p90', 'p99', 'max'], rows)];
}

function histogramRow(layer: string, part: string, { name, unit, count, ...figures }: Histogram): string[] {
  const { min, p50, p90, p99, max } = figures;
  return [
    `${layer} ${part}`,
    `${name}, ${unit}`,
    number.format(count),
    ...[min, p50, p90, p99, max].map((value) => number.format(value)),
  ];
}

function noteSection(report: ProofReport): string[] {
  const notes = report.layers.flatMap((layer) =>
    layer.parts.flatMap((part) => (part.notes ?? []).map((note) => `- ${layer.layer} ${part.part}: ${note}`)),
  );
  return notes.length === 0 ? [] : ['', '## Notes', '', ...notes];
}

function violationSection(report: ProofReport): string[] {
  const violations = violationsOf(report);
  if (violations.length === 0) return [];
  return [
    '',
    '## Violations',
    '',
    table(
      ['Rule', 'What was seen', 'Repeat'],
      violations.map(({ rule, detail, repeat }) => [rule, detail, repeat]),
    ),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function duration(seconds: number): string {
  return seconds < 60
    ? `${seconds.toFixed(1)} s`
    : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
