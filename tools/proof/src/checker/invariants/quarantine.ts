import { grouped, type EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';

const CONFLICT = 'identity_conflict';

/** I12: the first content wins, every other record is kept, and what could be stored is not in quarantine. */
export function checkQuarantine(index: EvidenceIndex, findings: Findings): void {
  const byFault = grouped(index.evidence.quarantined, (row) => row.fault);
  const injected = index.evidence.injected.quarantine;
  for (const fault of new Set([...byFault.keys(), ...Object.keys(injected)])) {
    if (fault === CONFLICT) continue;
    const found = byFault.get(fault)?.length ?? 0;
    findings.expect(
      'I12',
      found === (injected[fault] ?? 0),
      () => `${found} records in quarantine as ${fault}, ${injected[fault] ?? 0} were made`,
    );
  }
  const conflicts = grouped(byFault.get(CONFLICT) ?? [], (row) => row.event);
  for (const [event, calls] of index.publishes) {
    const stored = index.events.get(event);
    if (!stored) continue;
    const others = calls.filter((call) => call.content !== stored.content && call.answer !== 'not_accepted');
    const least = others.filter((call) => call.answer === 'accepted').length;
    const found = conflicts.get(event)?.length ?? 0;
    if (others.length === 0 && found === 0) continue;
    findings.expect(
      'I12',
      found >= least && found <= others.length,
      () =>
        `${event}: ${found} records with other content in quarantine, ${least} to ${others.length} were made`,
    );
  }
}
