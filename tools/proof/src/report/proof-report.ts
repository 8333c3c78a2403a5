import type { InvariantVerdict } from '../checker/check-evidence';
import { INVARIANTS, type InvariantId } from '../checker/findings';
import type { LayerName, PartResult, ProofBroker, Tier, Violation } from '../layer';

export interface LayerReport {
  layer: LayerName;
  title: string;
  parts: PartResult[];
  /** Why it could not go on; `null`: it did. */
  failure: string | null;
  /** Why it was not run at all; `null`: it was. */
  skipped: string | null;
}

/** All of a run: what the JSON file holds. */
export interface ProofReport {
  tier: Tier;
  seed: number;
  broker: ProofBroker | null;
  commit: string;
  /** Commits of the parts, where a run that was stopped went on with a later one. */
  commits: string[];
  startedAt: string;
  endedAt: string;
  versions: Record<string, string>;
  machine: string;
  layers: LayerReport[];
}

export function violationsOf(report: ProofReport): Violation[] {
  return report.layers.flatMap((layer) => layer.parts.flatMap((part) => part.violations));
}

/** Nothing was violated, and every layer came to its end or said why it cannot run here. */
export function hasPassed(report: ProofReport): boolean {
  return violationsOf(report).length === 0 && report.layers.every((layer) => layer.failure === null);
}

/** Parts without a violation, and parts with one; a layer that could not go on is one more that failed. */
export function tallyOf(report: ProofReport): { passed: number; failed: number } {
  const parts = report.layers.flatMap((layer) => layer.parts);
  const passed = parts.filter((part) => part.violations.length === 0).length;
  const broken = report.layers.filter((layer) => layer.failure !== null).length;
  return { passed, failed: parts.length - passed + broken };
}

/** Sums of one layer's counts over its parts. */
export function countsOf(layer: LayerReport): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const part of layer.parts)
    for (const [name, count] of Object.entries(part.counts)) counts[name] = (counts[name] ?? 0) + count;
  return counts;
}

/** Injected faults by kind, over all layers; counts named `faults.<kind>`. */
export function faultsOf(report: ProofReport): Record<string, number> {
  const faults: Record<string, number> = {};
  for (const layer of report.layers)
    for (const [name, count] of Object.entries(countsOf(layer)))
      if (name.startsWith('faults.')) {
        const kind = `${layer.layer}: ${name.slice('faults.'.length)}`;
        faults[kind] = (faults[kind] ?? 0) + count;
      }
  return faults;
}

/** Each invariant over all layers that judged by it. */
export function invariantsOf(report: ProofReport): InvariantVerdict[] {
  const verdicts = report.layers.flatMap((layer) => layer.parts.flatMap((part) => part.invariants ?? []));
  return (Object.keys(INVARIANTS) as InvariantId[]).map((id) => {
    const own = verdicts.filter((verdict) => verdict.id === id);
    const sum = (of: 'checked' | 'violations') => own.reduce((total, verdict) => total + verdict[of], 0);
    return { id, title: INVARIANTS[id], checked: sum('checked'), violations: sum('violations') };
  });
}
