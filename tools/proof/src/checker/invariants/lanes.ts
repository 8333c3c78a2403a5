import type { StoredEvent } from '../evidence';
import { executionName, grouped, type EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';

/** I5: the log keeps the order of answers, and a lane's effects keep the order of the log. */
export function checkLanes(index: EvidenceIndex, findings: Findings): void {
  const keyed = index.evidence.events.filter((event) => event.key !== null);
  for (const events of grouped(keyed, (event) => `${event.partition} ${event.key}`).values()) {
    checkAnswers(index, events, findings);
    for (const operation of new Set(events.flatMap((event) => event.operations)))
      checkLane(index, operation, events, findings);
  }
}

/** Of two events of one key, the one that was answered before the other one was sent comes first in the log. */
function checkAnswers(index: EvidenceIndex, events: readonly StoredEvent[], findings: Findings): void {
  const timed = events.flatMap((event) => {
    const calls = (index.publishes.get(event.event) ?? []).filter((call) => call.content === event.content);
    if (calls.length === 0) return [];
    const accepted = calls.filter((call) => call.answer === 'accepted' && call.answeredOrder !== null);
    return [
      {
        event,
        invoked: Math.min(...calls.map((call) => call.invokedOrder)),
        answered: Math.min(Infinity, ...accepted.map((call) => call.answeredOrder as number)),
      },
    ];
  });
  const byAnswer = [...timed].sort((a, b) => a.answered - b.answered);
  let last: StoredEvent | null = null;
  let at = 0;
  for (const { event, invoked } of timed.sort((a, b) => a.invoked - b.invoked)) {
    for (; at < byAnswer.length && byAnswer[at].answered < invoked; at++)
      if (!last || byAnswer[at].event.offset > last.offset) last = byAnswer[at].event;
    const before = last;
    findings.expect(
      'I5',
      before === null || before.event === event.event || before.offset < event.offset,
      () => `${before?.event} was answered before ${event.event} was sent, and stands behind it in the log`,
    );
  }
}

/** Delayed events join a lane when they are claimed, touched ones when a person says so: both have no order here. */
function checkLane(
  index: EvidenceIndex,
  operation: string,
  events: readonly StoredEvent[],
  findings: Findings,
): void {
  const inOrder = events
    .filter((event) => {
      const facts = index.operationOf(event, operation);
      const name = executionName(event.event, operation);
      return (
        facts?.ordered === true &&
        facts.recordsEffects &&
        facts.delayMs === 0 &&
        event.deliverAtMs === null &&
        !index.reschedules.has(event.event) &&
        !index.touched.has(name) &&
        // The effect of a dead execution may come late: a stalled service runs its call when nobody waits any more.
        index.executions.get(name)?.state === 'completed'
      );
    })
    .sort((a, b) => a.offset - b.offset);
  let before: { event: StoredEvent; order: number } | null = null;
  for (const event of inOrder) {
    const effect = index.effects.get(executionName(event.event, operation))?.at(0);
    if (!effect) continue;
    const last = before;
    findings.expect(
      'I5',
      last === null || last.order < effect.order,
      () => `${operation}, key ${event.key}: ${event.event} had its effect before ${last?.event.event}`,
    );
    if (!last || effect.order > last.order) before = { event, order: effect.order };
  }
}
