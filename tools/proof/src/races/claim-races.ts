import type { ClaimOutcome, CloseOutcome } from '@bus/store';
import type { Race, RaceRound } from './race';
import type { RaceGround } from './race-ground';

const CLAIM: Race = {
  name: 'claim×claim',
  promise:
    'two replicas never claim the same execution, nor two of one lane, and together claim what there is room for',
  operations: [{ name: 'race.plain' }, { name: 'race.ordered', ordered: true }],
  sees: ['split', 'one took all', 'two took all'],
  async prepare(ground, random) {
    const key = ground.key();
    const events = [key, key, ground.key()].map((of) =>
      ground.harness.planned(ground.graph, { key: of, deliverAt: '2026-01-01T00:00:00Z' }),
    );
    await ground.stored(...events);
    await ground.makeDue(...events);
    const free = random.pick([1, 2, 5]);
    const names = random.pick([['race.plain'], ['race.ordered'], ['race.plain', 'race.ordered']]);
    const claim = (dispatcherId: number): RaceRound['works'][0] => {
      const rooms = names.map((name) => ground.room(name, { free }));
      return (racer) => racer.ledger.claim(rooms, ground.context(dispatcherId));
    };
    return {
      events,
      works: [claim(1), claim(2)],
      judge: async (outcomes) => {
        const claimed = (outcomes as ClaimOutcome[]).map(({ executions }) =>
          executions.map((row) => `${row.eventId}/${row.operationId}/${row.attempt}`),
        );
        const all = claimed.flat();
        const flying = (await ground.homes(...events)).filter((row) => row.home === 'in_flight').length;
        const wrong: string[] = [];
        if (new Set(all).size !== all.length) wrong.push('an execution was claimed twice');
        if (flying !== all.length) wrong.push(`${all.length} were claimed, ${flying} are in flight`);
        if (names.includes('race.plain')) {
          const { operationId } = ground.operation('race.plain');
          const plain = all.filter((row) => row.split('/')[1] === String(operationId)).length;
          // A locked row is left out, so that both together may get less than there is; never less than one has room for.
          if (plain < Math.min(free, 3))
            wrong.push(`${plain} of 3 were claimed by two with room for ${free} each`);
        }
        const [one, two] = claimed.map((list) => list.length);
        return { saw: one && two ? 'split' : one ? 'one took all' : 'two took all', wrong };
      },
    };
  },
};

/** `race.after` is delayed: its row in `due` still names what it depends on when its time has come. */
async function claimAgainstClose(ground: RaceGround): Promise<RaceRound> {
  const event = ground.harness.planned(ground.graph, { key: ground.key() });
  await ground.stored(event);
  await ground.makeDue(event);
  return {
    events: [event],
    works: [
      (racer) => racer.ledger.claim([ground.room('race.after')], ground.context(1)),
      (racer) => racer.ledger.close([ground.end(event, 'race.first')], ground.context(2)),
    ],
    judge: async ([claimed, closed]) => {
      const byClaim = (claimed as ClaimOutcome).executions.length;
      const close = closed as CloseOutcome;
      const home = (await ground.homes(event)).find((row) => row.operation === 'race.after')?.home;
      const wrong: string[] = [];
      if (!close.applied[0]) wrong.push('the close was fenced off, though it held the attempt');
      if (byClaim + close.released.executions.length > 1) wrong.push('it was started twice');
      if (home === 'waiting') wrong.push('it waits, and what it depends on has ended');
      const started = byClaim
        ? 'claimed'
        : close.released.executions.length
          ? 'released by the close'
          : 'left in due';
      return { saw: started, wrong };
    },
  };
}

const DEPENDENCY: Race = {
  name: 'claim×close (dependency)',
  promise: 'a dependent whose time comes while its dependency ends is neither lost nor started twice',
  operations: [{ name: 'race.first' }, { name: 'race.after', dependsOn: ['race.first'], delayMs: 1 }],
  sees: ['claimed', 'released by the close'],
  prepare: claimAgainstClose,
};

const LANE_MADE: Race = {
  name: 'claim×close (lane being made)',
  promise: 'the same where the claim makes the lane after the close has locked those that were there',
  operations: [
    { name: 'race.first' },
    { name: 'race.after', dependsOn: ['race.first'], delayMs: 1, ordered: true },
  ],
  sees: ['claimed', 'released by the close'],
  prepare: claimAgainstClose,
};

export const CLAIM_RACES: readonly Race[] = [CLAIM, DEPENDENCY, LANE_MADE];
