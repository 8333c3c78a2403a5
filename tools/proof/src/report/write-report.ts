import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProofReport } from './proof-report';
import { renderMarkdown } from './render-markdown';
import { renderTimeline } from './render-timeline';

/** Writes `<tier>-<commit>.md`, `.json` and `.svg`. @returns the path of the first */
export function writeReport(report: ProofReport, dir: string): string {
  mkdirSync(dir, { recursive: true });
  const name = `${report.tier}-${report.commit}`;
  const picture = renderTimeline(report);
  if (picture !== null) writeFileSync(join(dir, `${name}.svg`), picture);
  writeFileSync(join(dir, `${name}.json`), `${JSON.stringify(report, null, 1)}\n`);
  const path = join(dir, `${name}.md`);
  writeFileSync(path, renderMarkdown(report, picture === null ? null : `${name}.svg`));
  return path;
}
