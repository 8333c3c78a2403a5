import { grouped, type EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';

/** I3 (effects) and I4: no effect out of nothing, none twice. */
export function checkEffects(index: EvidenceIndex, findings: Findings): void {
  for (const effect of index.evidence.effects) {
    const stored = index.events.get(effect.event);
    findings.expect('I3', stored !== undefined && stored.content === effect.content, () =>
      stored
        ? `${effect.operation} of ${effect.event} had its effect with other content: ${effect.content}`
        : `${effect.operation} had an effect of ${effect.event}, which is not stored`,
    );
    findings.expect(
      'I3',
      stored === undefined || stored.operations.includes(effect.operation),
      () => `${effect.operation} is not in the graph of ${effect.event}, and had an effect`,
    );
  }
  const single = index.evidence.effects.filter((effect) => index.operation(effect.operation)?.recordsEffects);
  for (const [executionId, effects] of grouped(single, (effect) => effect.executionId))
    findings.expect(
      'I4',
      effects.length === 1,
      () =>
        `${effects.length} effects of execution ${executionId} (${effects[0].operation} of ${effects[0].event}), ` +
        `by attempts ${effects.map((effect) => effect.attempt).join(', ')}`,
    );
  for (const [name, effects] of index.effects) {
    if (!index.operation(effects[0].operation)?.recordsEffects) continue;
    const ids = new Set(effects.map((effect) => effect.executionId));
    findings.expect(
      'I4',
      ids.size <= 1 + (index.forced.get(name) ?? 0),
      () => `${effects[0].operation} of ${effects[0].event} had effects under ${ids.size} execution ids`,
    );
  }
}
