import type { Histogram } from '../../layer';
import type { StoredEvent } from '../evidence';
import { executionName, type EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';
import { histogramOf } from '../histogram';

/** I7: nothing begins before its time. @returns how late the delayed ones were */
export function checkTimes(index: EvidenceIndex, findings: Findings): Histogram {
  const lateMs: number[] = [];
  const { clockErrorMs, lostCommits } = index.evidence.injected;
  for (const event of index.evidence.events) {
    checkAsked(index, event, clockErrorMs, findings);
    for (const operation of event.operations) {
      const facts = index.operationOf(event, operation);
      const fromMs = event.deliverAtMs ?? event.timeMs;
      if (!facts || fromMs === undefined || (event.deliverAtMs === null && facts.delayMs === 0)) continue;
      const dueMs = fromMs + facts.delayMs;
      const name = executionName(event.event, operation);
      // What was lost with a failover was stored before this row was: its effects were in time by the row of then.
      const isLost = (atMs: number) => lostCommits && event.deliverAtMs === null && atMs < fromMs;
      const startedMs = Math.min(
        ...(index.effects.get(name) ?? []).map(({ atMs }) => (isLost(atMs) ? Infinity : atMs)),
        ...(index.attempts.get(name) ?? []).map((row) => row.startedMs ?? Infinity),
      );
      if (startedMs === Infinity) continue;
      findings.expect(
        'I7',
        startedMs >= dueMs - clockErrorMs,
        () => `${operation} of ${event.event} began ${Math.round(dueMs - startedMs)} ms early`,
      );
      lateMs.push(Math.max(0, startedMs - dueMs));
    }
  }
  for (const rows of index.attempts.values())
    rows.forEach((row, at) => {
      const next = rows.at(at + 1);
      if (row.nextDueMs === undefined || next?.startedMs == null) return;
      const dueMs = row.nextDueMs;
      findings.expect(
        'I7',
        next.startedMs >= dueMs - clockErrorMs,
        () =>
          `attempt ${next.attempt} of ${row.operation} of ${row.event} began ` +
          `${Math.round(dueMs - (next.startedMs as number))} ms before it was due`,
      );
    });
  return histogramOf('late after its time', 'ms', lateMs);
}

/** What was asked for when it was published is what is stored, unless it was rescheduled. */
function checkAsked(index: EvidenceIndex, event: StoredEvent, errorMs: number, findings: Findings): void {
  if (index.reschedules.has(event.event)) return;
  const calls = (index.publishes.get(event.event) ?? []).filter((call) => call.content === event.content);
  const asked = calls.flatMap((call) => (call.deliverAtMs === null ? [] : [call.deliverAtMs]));
  if (asked.length === 0 || asked.length < calls.length) return;
  const earliestMs = Math.min(...asked);
  findings.expect(
    'I7',
    event.deliverAtMs !== null && event.deliverAtMs >= earliestMs - errorMs,
    () => `${event.event} was asked for ${earliestMs} and is stored for ${event.deliverAtMs}`,
  );
}
