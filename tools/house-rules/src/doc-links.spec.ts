import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** Relative targets of Markdown links and pictures, without their anchors. */
function targetsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/```[^]*?```/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target)
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .map((target) => target.split('#')[0]);
}

describe('Links of the docs', () => {
  it.each(PAGES)('%s leads to files that are there', (page) => {
    const missing = targetsOf(page).filter((target) => !existsSync(join(ROOT, dirname(page), target)));
    expect(missing).toEqual([]);
  });

  it('gives each of the sixteen guarantees its tests and its limit', () => {
    const rows = readFileSync(join(ROOT, 'README.md'), 'utf8')
      .split('\n')
      .filter((line) => /^\| G\d+ /.test(line));
    expect(rows.map((row) => /G\d+/.exec(row)?.[0])).toEqual(
      Array.from({ length: 16 }, (_, at) => `G${at + 1}`),
    );
    for (const row of rows) {
      const [, , , tests, limit] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
      expect(tests).toMatch(/\]\(\S+\.ts\)/);
      expect(limit).not.toBe('');
    }
  });
});
