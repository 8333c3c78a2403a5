import type { IngestOutcome } from '@bus/store';
import { oneOf } from './outcomes';
import type { Race } from './race';

const stored = (outcome: unknown) => (outcome as IngestOutcome).outcome === 'stored';

/** Two consumers hold the same partition at the same position, as after a rebalance. */
const PARTITION: Race = {
  name: 'ingest×ingest (partition)',
  promise: 'one of two consumers stores the batch and moves the position; the other is told where it stands',
  operations: [{ name: 'race.plain' }, { name: 'race.ordered', ordered: true }],
  sees: ['one stored', 'two stored'],
  async prepare(ground, random) {
    const partition = ground.nextPartition();
    const plan = () => ground.harness.planned(ground.graph, { key: random.pick([null, ground.key()]) });
    const [shared, other, own] = [plan(), plan(), plan()];
    // The same records, read twice; or other ones at the same offsets, as from a log that is not the same any more.
    const batches = [
      await ground.harness.batch([shared, other], { partition, dispatcherId: 1 }),
      await ground.harness.batch(random.chance(0.5) ? [shared] : [own], { partition, dispatcherId: 2 }),
    ];
    return {
      events: [shared, other, own],
      works: [(racer) => racer.inbox.ingest(batches[0]), (racer) => racer.inbox.ingest(batches[1])],
      judge: async (outcomes) => {
        const won = outcomes.findIndex(stored);
        const lost = outcomes[1 - won] as IngestOutcome;
        const position = await ground.harness.position(partition);
        const wrong: string[] = [];
        if (outcomes.filter(stored).length !== 1)
          wrong.push(`${outcomes.filter(stored).length} stored one position`);
        else {
          const { next, events } = batches[won];
          if (lost.outcome !== 'moved' || lost.position !== next)
            wrong.push(`the loser was told ${lost.outcome}`);
          if (position !== next) wrong.push(`the position is ${position}, not ${next}`);
          const homes = await ground.homes(shared, other, own);
          const there = new Set(homes.map((row) => row.eventId));
          const wanted = new Set(events.map((event) => event.event.eventId));
          if (there.size !== wanted.size || [...wanted].some((id) => !there.has(id)))
            wrong.push('what is stored is not what the winner brought');
        }
        return { saw: oneOf(won, 'stored'), wrong };
      },
    };
  },
};

/** Two partitions bring the same message: a producer's retry that was keyed anew. */
const IDENTITY: Race = {
  name: 'ingest×ingest (identity)',
  promise:
    'a message that two partitions bring is stored once; other content under its id goes to quarantine',
  operations: [{ name: 'race.plain' }, { name: 'race.ordered', ordered: true }],
  sees: ['one stored it', 'two stored it'],
  async prepare(ground, random) {
    const key = ground.key();
    const first = ground.harness.planned(ground.graph, { key });
    const same = random.chance(0.6);
    const twin = ground.harness.planned(ground.graph, {
      key,
      messageId: first.event.messageId,
      ...(same ? {} : { payload: '{"other":true}' }),
    });
    const batches = [
      await ground.harness.batch([first], { partition: ground.nextPartition() }),
      await ground.harness.batch([twin], { partition: ground.nextPartition(), dispatcherId: 2 }),
    ];
    return {
      events: [first, twin],
      works: [(racer) => racer.inbox.ingest(batches[0]), (racer) => racer.inbox.ingest(batches[1])],
      judge: async (outcomes) => {
        const results = outcomes as Extract<IngestOutcome, { outcome: 'stored' }>[];
        const wrong: string[] = [];
        const won = results.findIndex((result) => result.fresh === 1);
        if (results.some((result) => result.outcome !== 'stored')) wrong.push('a batch was not stored');
        if (results.filter((result) => result.fresh === 1).length !== 1)
          wrong.push('not exactly one was fresh');
        const lost = results[1 - won];
        const expected = same ? lost?.repeated : lost?.quarantined;
        if (expected !== 1) wrong.push(`the other ${same ? 'repeat' : 'content'} was not counted as such`);
        const ids = new Set((await ground.homes(first, twin)).map((row) => row.eventId));
        if (ids.size !== 1 || !ids.has([first, twin][won]?.event.eventId))
          wrong.push(`${ids.size} events are stored`);
        return { saw: oneOf(won, 'stored it'), wrong };
      },
    };
  },
};

/** A paused operation is resumed while an event arrives for it. */
const RESUME: Race = {
  name: 'ingest×resume',
  promise: 'what arrives while an operation is resumed is claimed, whichever came first',
  operations: [{ name: 'race.paused' }, { name: 'race.ordered', ordered: true }],
  sees: ['claimed at once', 'claimed later'],
  async prepare(ground) {
    await ground.pool.query(`update bus.operation set state = 'paused' where name = 'race.paused'`);
    const event = ground.harness.planned(ground.graph, { key: ground.key(), slot: false });
    const batch = await ground.harness.batch([event], { partition: ground.nextPartition() });
    return {
      events: [event],
      works: [
        (racer) => racer.inbox.ingest(batch),
        async (racer) => {
          await racer.graphs.setState('race.paused', 'active', 'race');
          const claimed = await racer.ledger.claim([ground.room('race.paused')], ground.context(2));
          return claimed.executions.some((row) => row.eventId === event.event.eventId);
        },
      ],
      judge: async ([, claimed]) => {
        const states = await ground.harness.store.states(event.event.eventId);
        const expected = claimed ? 'in_flight' : 'scheduled';
        const wrong =
          states['race.paused'] === expected ? [] : [`it is ${states['race.paused']}, not ${expected}`];
        return { saw: claimed ? 'claimed at once' : 'claimed later', wrong };
      },
    };
  },
};

export const INGEST_RACES: readonly Race[] = [PARTITION, IDENTITY, RESUME];
