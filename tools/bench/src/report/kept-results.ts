import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ScenarioName, ScenarioResult } from '../scenario';

interface Kept {
  result: ScenarioResult;
  commit: string;
  rounds: number;
  quick: boolean;
}

/** What earlier runs found, scenario by scenario: a run of hours goes on where it was stopped. */
export class KeptResults {
  private readonly kept: Partial<Record<ScenarioName, Kept>>;

  /** @param run what counts as the same kind of run  @param file absolute; made at the first result */
  constructor(
    private readonly file: string,
    private readonly run: { commit: string; rounds: number; quick: boolean },
  ) {
    this.kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  }

  /** Where another commit made it, or other rounds than this run's, its notes say so. */
  find(name: ScenarioName): ScenarioResult | undefined {
    const found = this.kept[name];
    if (!found || found.quick !== this.run.quick) return undefined;
    const notes = [...found.result.notes];
    if (found.commit !== this.run.commit) notes.push(`Measured on commit ${found.commit}.`);
    if (found.rounds !== this.run.rounds) notes.push(`Medians of ${found.rounds} rounds.`);
    return { ...found.result, notes };
  }

  keep(result: ScenarioResult): void {
    this.kept[result.name] = { result, ...this.run };
    const aside = `${this.file}.new`;
    writeFileSync(aside, JSON.stringify(this.kept));
    renameSync(aside, this.file);
  }
}
