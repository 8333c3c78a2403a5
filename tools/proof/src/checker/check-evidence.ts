import type { Histogram, Violation } from '../layer';
import type { Evidence } from './evidence';
import { EvidenceIndex } from './evidence-index';
import { Findings, INVARIANTS, type InvariantId } from './findings';
import { checkAcceptance } from './invariants/acceptance';
import { checkAttempts } from './invariants/attempts';
import { checkCancels } from './invariants/cancels';
import { checkDependencies } from './invariants/dependencies';
import { checkEffects } from './invariants/effects';
import { checkHealed } from './invariants/healed';
import { checkLanes } from './invariants/lanes';
import { checkQuarantine } from './invariants/quarantine';
import { checkRates } from './invariants/rates';
import { checkResources } from './invariants/resources';
import { checkTimes } from './invariants/times';

export interface InvariantVerdict {
  id: InvariantId;
  title: string;
  /** Cases looked at; 0: the run had none, so that it says nothing of this invariant. */
  checked: number;
  violations: number;
}

export interface CheckReport {
  invariants: InvariantVerdict[];
  /** At most 20 of each invariant, with what repeats the run. */
  violations: Violation[];
  histograms: Histogram[];
}

/**
 * The judge of every run: knows nothing of the bus but what it promised (docs/guarantees.md) and what was seen.
 * @param repeat what repeats the run: a seed, a cell, a scenario
 */
export function checkEvidence(evidence: Evidence, repeat: string): CheckReport {
  const index = new EvidenceIndex(evidence);
  const findings = new Findings(repeat);
  checkAcceptance(index, findings);
  checkEffects(index, findings);
  checkLanes(index, findings);
  checkDependencies(index, findings);
  const lateness = checkTimes(index, findings);
  checkCancels(index, findings);
  checkAttempts(index, findings);
  checkRates(index, findings);
  checkHealed(index, findings);
  checkQuarantine(index, findings);
  checkResources(index, findings);
  return {
    invariants: (Object.keys(INVARIANTS) as InvariantId[]).map((id) => ({
      id,
      title: INVARIANTS[id],
      ...findings.countsOf(id),
    })),
    violations: findings.violations,
    histograms: lateness.count > 0 ? [lateness] : [],
  };
}
