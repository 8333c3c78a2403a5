import { executionName, type EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';

/** I6: an operation starts only after all it depends on ended well; or died, where it says that it runs then. */
export function checkDependencies(index: EvidenceIndex, findings: Findings): void {
  for (const event of index.evidence.events)
    for (const operation of event.operations) {
      const facts = index.operationOf(event, operation);
      if (!facts || facts.dependsOn.length === 0) continue;
      const name = executionName(event.event, operation);
      const effect = index.effects.get(name)?.at(0);
      const hasStarted =
        effect !== undefined ||
        (index.attempts.get(name) ?? []).some(
          (row) => row.outcome !== 'skipped' && row.outcome !== 'given_back',
        );
      if (!hasStarted) continue;
      for (const dependency of facts.dependsOn) {
        const on = executionName(event.event, dependency);
        const state = index.executions.get(on)?.state ?? null;
        const diedAndRuns = facts.onDependencyDead === 'run' && (index.attempts.get(on) ?? []).length > 0;
        const wasRun = index.touched.has(on) || index.touched.has(name);
        findings.expect(
          'I6',
          state === 'completed' || state === 'skipped' || diedAndRuns || wasRun,
          () => `${operation} of ${event.event} has started, and ${dependency} is ${state}`,
        );
        const before = index.effects.get(on)?.at(0);
        if (!effect || !before || wasRun || (diedAndRuns && state !== 'completed')) continue;
        if (state === 'completed' && !diedEarlier(index, on))
          findings.expect(
            'I6',
            before.order < effect.order,
            () => `${operation} of ${event.event} had its effect before ${dependency}`,
          );
      }
    }
}

/** It completed after a dead letter was replayed: what runs without it need not have waited. */
function diedEarlier(index: EvidenceIndex, name: string): boolean {
  return (index.attempts.get(name) ?? []).some((row) => row.outcome === 'rejected');
}
