import Table from 'cli-table3';
import colours from 'picocolors';
import type { Simulation } from './simulation';
import { tablesOf, type Table as Told } from './simulation-tables';

const MOST_CELL = 26;

/** For people at a terminal. */
export function renderSimulation(simulation: Simulation): string {
  return tablesOf(simulation)
    .map(({ title, head, rows, notes }) => [colours.bold(title), gridOf({ head, rows }), ...notes].join('\n'))
    .join('\n\n');
}

/** For a page, not aligned yet. */
export function renderSimulationPage(simulation: Simulation): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return tablesOf(simulation)
    .map(({ title, head, rows, notes }) =>
      [
        `**${title}**`,
        [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'),
        ...notes,
      ].join('\n\n'),
    )
    .join('\n\n');
}

function gridOf({ head, rows }: Pick<Told, 'head' | 'rows'>): string {
  const widest = head.map((name, at) =>
    Math.max(longestWord(name), ...rows.map((row) => Math.min(MOST_CELL, row[at]?.length ?? 0))),
  );
  const table = new Table({
    head,
    colWidths: widest.map((width) => width + 2),
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows);
  return table.toString();
}

function longestWord(text: string): number {
  return Math.max(...text.split(' ').map((word) => word.length));
}
