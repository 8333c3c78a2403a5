import type { EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';

/** I13. */
export function checkResources(index: EvidenceIndex, findings: Findings): void {
  const { rssLimitMb, connectionLimit } = index.evidence.injected;
  for (const { process, rssMb, connections } of index.evidence.resources) {
    findings.expect('I13', rssMb <= rssLimitMb, () => `${process} took ${rssMb} MB, more than ${rssLimitMb}`);
    if (connections !== undefined)
      findings.expect(
        'I13',
        connections <= connectionLimit,
        () => `${process} holds ${connections} connections, more than ${connectionLimit}`,
      );
  }
}
