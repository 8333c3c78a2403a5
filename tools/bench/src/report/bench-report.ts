import type { ScenarioResult } from '../scenario';

/** What a run found; its JSON is exactly this. */
export interface BenchReport {
  commit: string;
  /** RFC 3339. */
  startedAt: string;
  endedAt: string;
  quick: boolean;
  rounds: number;
  machine: string;
  versions: Record<string, string>;
  /** PostgreSQL's, where they are not the defaults. */
  postgres: Record<string, string>;
  scenarios: ScenarioResult[];
  /** Scenarios that did not come to an end, and why. */
  failures: { scenario: string; error: string }[];
}
