import { executionName, type EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';

/** I8: `cancelled` is for ever, and `too_late` is no guess. */
export function checkCancels(index: EvidenceIndex, findings: Findings): void {
  if (index.evidence.injected.lostCommits) return;
  for (const [event, calls] of index.cancels) {
    const stored = index.events.get(event);
    const saidCancelled = calls.some(
      ({ answer }) => answer === 'cancelled' || answer === 'already_cancelled',
    );
    if (saidCancelled && stored) {
      findings.expect('I8', stored.cancelled, () => `${event} was cancelled, and is not stored as cancelled`);
      for (const operation of stored.operations) {
        const name = executionName(event, operation);
        const started = (index.attempts.get(name) ?? []).filter((row) => row.outcome !== 'skipped');
        findings.expect(
          'I8',
          started.length === 0,
          () =>
            `${event} was cancelled, and ${operation} has attempt ${started[0].attempt}: ${started[0].outcome}`,
        );
        findings.expect(
          'I8',
          !index.effects.has(name),
          () => `${event} was cancelled, and ${operation} had an effect`,
        );
      }
    }
    if (stored?.cancelled && calls.every(({ answer }) => answer === 'too_late'))
      findings.violated('I8', `${event} is cancelled though every cancel was answered too_late`);
    else findings.checked('I8');
  }
  for (const { event, cancelled } of index.evidence.events)
    if (cancelled)
      findings.expect(
        'I8',
        index.cancels.has(event),
        () => `${event} is cancelled, and nobody has asked for it`,
      );
}
