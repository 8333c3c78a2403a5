import type { InvariantVerdict } from '../checker/check-evidence';
import type { Histogram, PartResult, Violation } from '../layer';
import { runSeed, type SeedOutcome } from './run-seed';

/** Seeds that are run one after another, and kept as one part. */
export interface SeedChunk {
  part: string;
  seeds: number[];
}

/** Violations of one chunk that are kept; a fault that everything shows would fill the report. */
const MOST_VIOLATIONS = 50;

/** @param told called after each seed */
export async function runChunk(
  chunk: SeedChunk,
  told: (outcome: SeedOutcome) => void = () => undefined,
): Promise<PartResult> {
  const startedMs = performance.now();
  const counts: Record<string, number> = {};
  const violations: Violation[] = [];
  const invariants = new Map<string, InvariantVerdict>();
  const histograms: Histogram[] = [];
  for (const seed of chunk.seeds) {
    const outcome = await runSeed(seed);
    for (const [name, count] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + count;
    violations.push(...outcome.violations.slice(0, MOST_VIOLATIONS - violations.length));
    for (const verdict of outcome.invariants) {
      const sum = invariants.get(verdict.id);
      if (!sum) invariants.set(verdict.id, { ...verdict });
      else {
        sum.checked += verdict.checked;
        sum.violations += verdict.violations;
      }
    }
    histograms.push(...outcome.histograms);
    told(outcome);
  }
  return {
    ...{ part: chunk.part, durationMs: Math.round(performance.now() - startedMs), counts, violations },
    ...{ invariants: [...invariants.values()], histograms: worstOf(histograms) },
  };
}

/** One histogram for all seeds: counts are summed, percentiles are the worst of any seed. */
function worstOf(histograms: readonly Histogram[]): Histogram[] {
  const worst = new Map<string, Histogram>();
  for (const one of histograms) {
    const sum = worst.get(one.name);
    if (!sum) worst.set(one.name, { ...one, name: one.name });
    else {
      sum.count += one.count;
      sum.min = Math.min(sum.min, one.min);
      for (const figure of ['p50', 'p90', 'p99', 'max'] as const)
        sum[figure] = Math.max(sum[figure], one[figure]);
    }
  }
  return [...worst.values()].map((one) => ({ ...one, name: `${one.name}, worst seed` }));
}
