import { executionName, type EvidenceIndex } from '../evidence-index';
import type { ExecutionFacts } from '../evidence';
import type { Findings } from '../findings';

const ENDED = ['completed', 'skipped', 'rejected', 'dead', 'cancelled'];

/** I1, I2, I3 (events): what was answered to publishers, against what is stored and how it ended. */
export function checkAcceptance(index: EvidenceIndex, findings: Findings): void {
  for (const [event, calls] of index.publishes) {
    const stored = index.events.get(event);
    const answers = new Set(calls.map((call) => call.answer));
    if (answers.has('accepted'))
      findings.expect('I1', stored !== undefined, () => `${event} was accepted and is not stored: lost`);
    else if (answers.has('unknown') || answers.has(null)) findings.checked('I2');
    else
      findings.expect(
        'I2',
        stored === undefined,
        () => `${event} is stored though every call was answered not_accepted`,
      );
  }
  const seen = new Set<string>();
  for (const stored of index.evidence.events) {
    findings.expect(
      'I2',
      !seen.has(stored.event),
      () => `${stored.event} is stored twice: ${stored.eventId}`,
    );
    seen.add(stored.event);
    const calls = index.publishes.get(stored.event) ?? [];
    findings.expect(
      'I3',
      calls.some(
        (call) => call.content === stored.content && call.type === stored.type && call.key === stored.key,
      ),
      () => `${stored.event} is stored with content that nobody published: ${stored.content}`,
    );
    for (const operation of stored.operations)
      findings.expect(
        'I1',
        index.executions.has(executionName(stored.event, operation)),
        () => `${stored.event} has no execution of ${operation}`,
      );
  }
  for (const [name, execution] of index.executions) checkEnd(index, name, execution, findings);
}

function checkEnd(index: EvidenceIndex, name: string, execution: ExecutionFacts, findings: Findings): void {
  const { event, operation, state, homes } = execution;
  const of = `${operation} of ${event}`;
  findings.expect('I14', state !== null, () => `${of} has neither a home nor an end`);
  findings.expect('I14', homes.length <= 1, () => `${of} has ${homes.length} homes: ${homes.join(', ')}`);
  if (state === null) return;
  if (!ENDED.includes(state)) {
    findings.expect('I1', isExplained(index, execution), () => `${of} has not ended: ${state}`);
    return;
  }
  findings.checked('I1');
  const home = state === 'rejected' || state === 'dead' ? 'dead_letter' : undefined;
  findings.expect('I14', homes[0] === home, () => `${of} is ${state} and stands in ${homes[0] ?? 'no home'}`);
  const facts = index.operation(operation);
  if (state === 'completed' && facts?.recordsEffects)
    findings.expect(
      'I1',
      (index.effects.get(name)?.length ?? 0) > 0,
      () => `${of} is completed, and its service has no effect of it`,
    );
}

/** Whether what the store says of a waiting execution is borne out by its neighbours. */
function isExplained(index: EvidenceIndex, { event, operation, state, explained }: ExecutionFacts): boolean {
  if (explained === null || state === 'in_flight') return false;
  const stored = index.events.get(event);
  const facts = stored && index.operationOf(stored, operation);
  if (!stored || !facts) return false;
  const isDead = (of: string, what: string) =>
    ['rejected', 'dead'].includes(index.executions.get(executionName(of, what))?.state ?? '');
  switch (explained) {
    case 'dependency_dead':
      // Held by one that died, or by one that is itself held.
      return facts.dependsOn.some((name) => {
        const dependency = index.executions.get(executionName(event, name));
        return isDead(event, name) || (dependency !== undefined && isExplained(index, dependency));
      });
    case 'lane_blocked':
      // Behind a dead one, or behind a head that is itself held.
      return index.evidence.events.some((other) => {
        if (other.key !== stored.key || other.event === event) return false;
        const head = index.executions.get(executionName(other.event, operation));
        const isHeld = head !== undefined && head.explained !== 'lane_blocked' && isExplained(index, head);
        return isHeld || isDead(other.event, operation);
      });
    case 'paused':
    case 'disabled':
    case 'due_later':
      return true;
  }
}
