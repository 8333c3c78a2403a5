import { Arena, POSTGRES_SETTINGS } from './rig/arena';
import type { BenchReport } from './report/bench-report';
import type { KeptResults } from './report/kept-results';
import type { Scenario, ScenarioResult } from './scenario';

export interface BenchOptions {
  quick: boolean;
  rounds: number;
  noisy: boolean;
  scenarios: readonly Scenario[];
  workDir: string;
  kept: KeptResults;
  /** Takes what is kept instead of measuring it again. */
  resume: boolean;
  signal: AbortSignal;
  progress(text: string): void;
}

/** Runs the scenarios one after another, each to its end whatever came of the others. */
export async function runBench(
  options: BenchOptions,
): Promise<Pick<BenchReport, 'scenarios' | 'failures' | 'versions' | 'postgres'>> {
  const { quick, rounds, noisy, signal, workDir, kept, progress } = options;
  const scenarios: ScenarioResult[] = [];
  const failures: BenchReport['failures'] = [];
  for (const scenario of options.scenarios) {
    if (signal.aborted) break;
    const say = (text: string) => progress(`${scenario.name.padEnd(8)} ${text}`);
    const known = options.resume ? kept.find(scenario.name) : undefined;
    if (known) {
      say('taken from an earlier run');
      scenarios.push(known);
      continue;
    }
    say(scenario.title);
    const arena = await Arena.open({ workDir, signal, progress: say });
    try {
      const result = await scenario.run({ quick, rounds, noisy, arena, signal, progress: say });
      kept.keep(result);
      scenarios.push(result);
    } catch (error) {
      if (signal.aborted) break;
      say(`FAILED: ${String(error)}`);
      failures.push({
        scenario: scenario.name,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    } finally {
      await arena.close();
    }
  }
  const versions = Object.assign(
    { Node: process.versions.node },
    ...scenarios.map((result) => result.versions),
  );
  return { scenarios, failures, versions, postgres: { ...POSTGRES_SETTINGS } };
}
