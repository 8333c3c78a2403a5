import type { CloseOutcome, PlannedEvent, ReplayOutcome } from '@bus/store';
import { oneOf } from './outcomes';
import type { Race, RaceRound } from './race';
import type { RaceGround } from './race-ground';

const DEAD = { outcome: 'rejected', after: { kind: 'dead', cause: 'rejected' } } as const;
const PERSON = { actor: 'race', reason: 'a race' };

const replay =
  (event: PlannedEvent, operation: string, expectedAttempt: number): RaceRound['works'][0] =>
  async (racer) => {
    const request = { eventId: event.event.eventId, operation, expectedAttempt, force: false };
    return (await racer.people.replay([request], PERSON))[0];
  };

/** Ends an attempt now, outside of any race. */
const close = (ground: RaceGround, event: PlannedEvent, operation: string, over = {}) =>
  ground.harness.store.ledger.close([ground.end(event, operation, over)], ground.context());

/** `race.after` ran without `race.first`, which had died, and died too. Both are wanted again. */
const DEPENDENCY: Race = {
  name: 'replay×close (dependency)',
  promise:
    'a replay that meets the end of what it depends on waits for it or goes on, and never waits for what is over',
  operations: [
    { name: 'race.first' },
    { name: 'race.after', dependsOn: ['race.first'], onDependencyDead: 'run', ordered: true },
  ],
  sees: ['replayed before the end', 'replayed after the end'],
  async prepare(ground, random) {
    const event = ground.harness.planned(ground.graph, { key: random.pick([null, ground.key()]) });
    await ground.stored(event);
    await close(ground, event, 'race.first', DEAD);
    await close(ground, event, 'race.after', DEAD);
    const again = { eventId: event.event.eventId, operation: 'race.first', expectedAttempt: 1, force: false };
    await ground.people.replay([again], PERSON);
    await ground.harness.store.ledger.claim([ground.room('race.first')], ground.context());
    return {
      events: [event],
      replayed: true,
      works: [
        replay(event, 'race.after', 1),
        (racer) => racer.ledger.close([ground.end(event, 'race.first', { attempt: 2 })], ground.context(2)),
      ],
      judge: async ([replayed, closed]) => {
        const outcome = replayed as ReplayOutcome;
        const after = (await ground.homes(event)).find((row) => row.operation === 'race.after');
        const wrong: string[] = [];
        if (!(closed as CloseOutcome).applied[0])
          wrong.push('the close was fenced off, though it held the attempt');
        if (outcome.outcome !== 'replayed') wrong.push(`the replay was answered ${outcome.outcome}`);
        if (after?.home !== 'due' && after?.home !== 'in_flight') wrong.push(`it is in ${after?.home}`);
        const before = outcome.outcome === 'replayed' && outcome.pending.length > 0;
        return { saw: before ? 'replayed before the end' : 'replayed after the end', wrong };
      },
    };
  },
};

const TWICE: Race = {
  name: 'replay×replay',
  promise: 'of two clicks one replays; the other is told that it came second',
  operations: [{ name: 'race.first' }, { name: 'race.ordered', ordered: true }],
  sees: ['one replayed it', 'two replayed it'],
  async prepare(ground, random) {
    const event = ground.harness.planned(ground.graph, { key: ground.key() });
    await ground.stored(event);
    const operation = random.pick(['race.first', 'race.ordered']);
    await close(ground, event, operation, DEAD);
    return {
      events: [event],
      works: [replay(event, operation, 1), replay(event, operation, 1)],
      judge: async (outcomes) => {
        const answers = (outcomes as ReplayOutcome[]).map(({ outcome }) => outcome);
        const won = answers.indexOf('replayed');
        const row = (await ground.homes(event)).find((home) => home.operation === operation);
        const wrong: string[] = [];
        if (answers[1 - won] !== 'conflict') wrong.push(`the answers are ${answers.join(' and ')}`);
        if (row?.home !== 'due' || row.attempt !== 1)
          wrong.push(`it is in ${row?.home} with attempt ${row?.attempt}`);
        return { saw: oneOf(won, 'replayed it'), wrong };
      },
    };
  },
};

export const REPLAY_RACES: readonly Race[] = [DEPENDENCY, TWICE];
