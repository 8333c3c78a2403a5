import { checkEvidence } from './check-evidence';
import type { Evidence } from './evidence';
import { sampleEvidence } from './sample-evidence';
import { attempt, effect, execution, stored } from './sample-rows';
import { spoiltEvidence } from './spoilt-evidence';

/** The rules that raise the alarm once the healthy run is spoilt. */
function alarms(spoil: (evidence: Evidence) => void): string[] {
  const evidence = sampleEvidence();
  spoil(evidence);
  return [...new Set(checkEvidence(evidence, 'spec').violations.map((violation) => violation.rule))].sort();
}

describe(checkEvidence, () => {
  it('raises no alarm over a healthy run, and has looked at every invariant but the ones without a case', () => {
    const { violations, invariants } = checkEvidence(sampleEvidence(), 'spec');
    expect(violations).toEqual([]);
    const unchecked = invariants.filter(({ checked }) => checked === 0).map(({ id }) => id);
    expect(unchecked).toEqual(['I12']);
  });

  it('tells how late delayed effects were', () => {
    const [late] = checkEvidence(sampleEvidence(), 'spec').histograms;
    expect(late).toMatchObject({ name: 'late after its time', count: 3, max: 420 });
  });

  it.each(spoiltEvidence)('raises the alarm when %s', (_, rules, spoil) => {
    expect(alarms(spoil)).toEqual([...rules].sort());
  });

  it('has a case of its own for every invariant', () => {
    const covered = new Set(spoiltEvidence.flatMap(([, rules]) => rules));
    expect([...covered].sort()).toEqual(
      checkEvidence(sampleEvidence(), 'spec')
        .invariants.map(({ id }) => id)
        .sort(),
    );
  });

  it('accepts a second effect that a person has forced', () => {
    expect(
      alarms((evidence) => {
        const first = attempt(evidence, 'shop a', 'coupons.issue');
        evidence.people.push({ kind: 'force', event: 'shop a', operation: 'coupons.issue' });
        evidence.attempts.push({
          ...first,
          attempt: 2,
          startedMs: first.endedMs + 1,
          endedMs: first.endedMs + 5,
        });
        evidence.effects.push({
          ...effect(evidence, 'shop a', 'coupons.issue'),
          executionId: 'forced',
          attempt: 2,
          order: 99,
        });
      }),
    ).toEqual([]);
  });

  it('accepts what a dead dependency or a blocked lane holds', () => {
    expect(
      alarms((evidence) => {
        Object.assign(execution(evidence, 'shop d', 'points.grant'), {
          state: 'dead',
          homes: ['dead_letter'],
        });
        attempt(evidence, 'shop d', 'points.grant').outcome = 'timeout';
        Object.assign(execution(evidence, 'shop e', 'points.grant'), {
          state: 'held',
          homes: ['waiting'],
          explained: 'lane_blocked',
        });
        evidence.effects = evidence.effects.filter(
          (row) => row !== effect(evidence, 'shop e', 'points.grant'),
        );
        evidence.attempts = evidence.attempts.filter(
          (row) => row !== attempt(evidence, 'shop e', 'points.grant'),
        );
      }),
    ).toEqual([]);
  });

  it('does not judge an effect of a lost history by the time at which its event was stored again', () => {
    const again = (lostCommits: boolean, deliverAtMs: number | null) =>
      alarms((evidence) => {
        Object.assign(evidence.injected, { lostCommits, clockErrorMs: 1_000 });
        const event = stored(evidence, 'shop a');
        const { atMs } = effect(evidence, 'shop a', 'points.grant');
        Object.assign(event, { deliverAtMs, timeMs: atMs + 9_000 });
        attempt(evidence, 'shop a', 'points.grant').startedMs = atMs + 10_000;
        for (const facts of evidence.operations) if (facts.name === 'points.grant') facts.delayMs = 500;
      });
    expect(again(true, null)).not.toContain('I7');
    expect(again(false, null)).toContain('I7');
  });

  it('expects neither cancels nor attempts of commits that a failover has lost', () => {
    expect(
      alarms((evidence) => {
        evidence.injected.lostCommits = true;
        stored(evidence, 'shop f').cancelled = false;
        effect(evidence, 'shop a', 'points.grant').attempt = 2;
      }),
    ).toEqual([]);
  });
});
