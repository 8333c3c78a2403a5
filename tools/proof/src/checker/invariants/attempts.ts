import type { AttemptFacts } from '../evidence';
import type { EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';

/** I9: the ledger tells all that happened, each attempt once, its numbers rising by one. */
export function checkAttempts(index: EvidenceIndex, findings: Findings): void {
  const { lostCommits, clockErrorMs } = index.evidence.injected;
  for (const [name, rows] of index.attempts) {
    const of = `${rows[0].operation} of ${rows[0].event}`;
    rows.forEach((row, at) =>
      findings.expect(
        'I9',
        row.attempt === at + 1,
        () => `${of}: attempts ${rows.map((other) => other.attempt).join(', ')}`,
      ),
    );
    for (let at = 1; at < rows.length; at++)
      findings.expect(
        'I9',
        rows[at].endedMs >= rows[at - 1].endedMs - clockErrorMs,
        () => `${of}: attempt ${rows[at].attempt} ended before attempt ${rows[at - 1].attempt}`,
      );
    checkAfterEnd(index, name, rows, of, findings);
    checkLeases(rows, of, findings);
    for (const { attempt, ends } of rows)
      if (ends !== undefined)
        findings.expect('I9', ends <= 1, () => `${of}: ${ends} ends of attempt ${attempt} were taken`);
  }
  if (lostCommits) return;
  for (const [name, effects] of index.effects) {
    const rows = new Map((index.attempts.get(name) ?? []).map((row) => [row.attempt, row]));
    for (const effect of effects) {
      const row = rows.get(effect.attempt);
      const of = `${effect.operation} of ${effect.event} had an effect by attempt ${effect.attempt}`;
      findings.expect('I9', row !== undefined, () => `${of}, which is not on record`);
      if (row?.recordedMs !== undefined)
        findings.expect(
          'I9',
          effect.atMs >= row.recordedMs - clockErrorMs,
          () => `${of}, begun before that attempt was on record`,
        );
    }
  }
}

/** Nothing follows a completed attempt, but by force. */
function checkAfterEnd(
  index: EvidenceIndex,
  name: string,
  rows: readonly AttemptFacts[],
  of: string,
  findings: Findings,
): void {
  const completed = rows.filter((row) => row.outcome === 'completed').length;
  findings.expect(
    'I9',
    completed <= 1 + (index.forced.get(name) ?? 0),
    () => `${of}: ${completed} attempts say completed`,
  );
  const first = rows.findIndex((row) => row.outcome === 'completed');
  if (first >= 0 && !index.touched.has(name))
    findings.expect(
      'I9',
      first === rows.length - 1,
      () =>
        `${of}: attempt ${rows[first].attempt} completed it, and attempt ${rows[first + 1].attempt} followed`,
    );
}

function checkLeases(rows: readonly AttemptFacts[], of: string, findings: Findings): void {
  for (const { outcome, leaseEndsMs, endedMs, attempt } of rows)
    if (outcome === 'unknown' && leaseEndsMs !== undefined)
      findings.expect(
        'I9',
        endedMs >= leaseEndsMs,
        () =>
          `${of}: attempt ${attempt} was taken over ${Math.round(leaseEndsMs - endedMs)} ms before its lease was over`,
      );
}
