import type { EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';

/** I11 and I14: after healing, nothing is under way that nobody explains, and everything that was logged is stored. */
export function checkHealed(index: EvidenceIndex, findings: Findings): void {
  for (const { event, operation, homes, explained } of index.evidence.executions)
    findings.expect(
      'I11',
      !homes.includes('in_flight') && (explained !== null || !homes.includes('due')),
      () => `${operation} of ${event} is still in ${homes.join(', ')}`,
    );
  for (const { logId, partition, stored, logEnd } of index.evidence.partitions)
    findings.expect(
      'I11',
      stored === logEnd,
      () => `${logId}, partition ${partition}: stored up to ${stored}, the log ends at ${logEnd}`,
    );
  findings.checked('I14');
  for (const fault of index.evidence.reconcileFaults) findings.violated('I14', fault);
}
