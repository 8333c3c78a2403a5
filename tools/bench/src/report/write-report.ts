import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchReport } from './bench-report';
import { renderMarkdown } from './render-markdown';
import { renderPlot } from './render-plot';

/** Writes `bench.json`, `bench.md` and a picture for each plot into `dir` (`quick.…` for the quick run).
 *  @returns the page's path */
export function writeReport(report: BenchReport, dir: string): string {
  mkdirSync(dir, { recursive: true });
  const name = report.quick ? 'quick' : 'bench';
  const plots = new Map<string, string[]>();
  for (const scenario of report.scenarios) {
    const files = scenario.plots.map((plot, index) => {
      const suffix = index === 0 ? '' : `-${index + 1}`;
      const file = `${report.quick ? 'quick-' : ''}${scenario.name}${suffix}.svg`;
      writeFileSync(join(dir, file), renderPlot(plot));
      return file;
    });
    plots.set(scenario.name, files);
  }
  writeFileSync(join(dir, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  const page = join(dir, `${name}.md`);
  writeFileSync(page, renderMarkdown(report, plots));
  return page;
}
