import type { CancelAnswer, RescheduleAnswer } from '@bus/contracts';
import type { ClaimOutcome, IngestOutcome } from '@bus/store';
import { cancelFaults } from './outcomes';
import type { Race } from './race';

const FAR = '2099-01-01T00:00:00.000Z';
const outcomeOf = (answer: unknown) => (answer as CancelAnswer | RescheduleAnswer).outcome;

const INGEST: Race = {
  name: 'ingest×cancel',
  promise:
    '`cancelled`: no attempt has started or ever will; `too_late`: all of it runs; never something between',
  operations: [{ name: 'race.plain' }, { name: 'race.ordered', ordered: true, dependsOn: [] }],
  sees: ['cancelled', 'too_late', 'cancelled behind another'],
  async prepare(ground, random) {
    const key = ground.key();
    const slot = random.chance(0.7);
    const event = ground.harness.planned(ground.graph, { key, slot });
    // One in its lane before it, in flight: then the ordered one waits, and the plain one is what decides.
    const before = random.chance(0.3) ? ground.harness.planned(ground.graph, { key }) : null;
    if (before) await ground.stored(before);
    const batch = await ground.harness.batch([event], { partition: ground.nextPartition() });
    return {
      events: before ? [before, event] : [event],
      works: [
        (racer) => racer.inbox.ingest(batch),
        (racer) => racer.control.cancel(ground.harness.reference(event)),
      ],
      judge: async ([ingested, answer]) => {
        const result = ingested as IngestOutcome;
        const started = result.outcome === 'stored' && result.started.length > 0;
        const saw = outcomeOf(answer);
        const wrong = cancelFaults(saw, await ground.homes(event), started);
        if (result.outcome !== 'stored' || result.fresh !== 1) wrong.push('the event was not stored');
        return { saw: before && saw === 'cancelled' ? 'cancelled behind another' : saw, wrong };
      },
    };
  },
};

const CLAIM: Race = {
  name: 'claim×cancel',
  promise: 'a cancel takes all of an event that nobody has claimed, or nothing of it',
  operations: [
    { name: 'race.a' },
    { name: 'race.b' },
    { name: 'race.after', dependsOn: ['race.a'], ordered: true },
  ],
  sees: ['cancelled', 'too_late'],
  async prepare(ground, random) {
    const event = ground.harness.planned(ground.graph, {
      key: random.pick([null, ground.key()]),
      slot: false,
    });
    await ground.stored(event);
    const names = random.pick([['race.a'], ['race.b'], ['race.a', 'race.b']]);
    return {
      events: [event],
      works: [
        (racer) =>
          racer.ledger.claim(
            names.map((name) => ground.room(name)),
            ground.context(),
          ),
        (racer) => racer.control.cancel(ground.harness.reference(event)),
      ],
      judge: async ([claimed, answer]) => {
        const saw = outcomeOf(answer);
        const started = (claimed as ClaimOutcome).executions.length > 0;
        return { saw, wrong: cancelFaults(saw, await ground.homes(event), started) };
      },
    };
  },
};

const RESCHEDULE: Race = {
  name: 'claim×reschedule',
  promise: '`rescheduled`: nothing has started and all of it is due at the new time; else nothing has moved',
  operations: [
    { name: 'race.a' },
    { name: 'race.b', dependsOn: ['race.a'] },
    { name: 'race.c', ordered: true },
  ],
  sees: ['rescheduled', 'too_late'],
  async prepare(ground, random) {
    const event = ground.harness.planned(ground.graph, {
      key: ground.key(),
      deliverAt: '2026-01-01T00:00:00Z',
    });
    await ground.stored(event);
    await ground.makeDue(event);
    const names = random.pick([['race.a'], ['race.c'], ['race.a', 'race.c'], ['race.b', 'race.a']]);
    return {
      events: [event],
      works: [
        (racer) =>
          racer.ledger.claim(
            names.map((name) => ground.room(name)),
            ground.context(),
          ),
        (racer) => racer.control.reschedule(ground.harness.reference(event), FAR),
      ],
      judge: async ([claimed, answer]) => {
        const saw = outcomeOf(answer);
        const started = (claimed as ClaimOutcome).executions.length > 0;
        const homes = await ground.homes(event);
        if (saw === 'too_late') return { saw, wrong: cancelFaults(saw, homes, started) };
        const late = homes.filter((row) => row.home !== 'due' || row.dueAt?.toISOString() !== FAR);
        const wrong = late.map(
          (row) => `${row.operation} is in ${row.home}, due ${row.dueAt?.toISOString()}`,
        );
        if (started) wrong.push('rescheduled, and an attempt has started');
        return { saw, wrong };
      },
    };
  },
};

/** The claim makes the lane after the cancel has locked those that were there. */
const LANE_MADE: Race = {
  name: 'claim×cancel (lane being made)',
  promise: 'a lane that a claim makes for an event goes with the event, or the event runs at its head',
  operations: [{ name: 'race.a' }, { name: 'race.ordered', ordered: true, dependsOn: ['race.a'] }],
  sees: ['cancelled', 'too_late'],
  async prepare(ground, random) {
    const event = ground.harness.planned(ground.graph, {
      key: ground.key(),
      deliverAt: '2026-01-01T00:00:00Z',
    });
    await ground.stored(event);
    await ground.makeDue(event);
    // The ordered one alone goes on to `waiting` in a lane of its own: nothing starts, and a cancel takes it back.
    const names = random.pick([['race.ordered'], ['race.ordered', 'race.a'], ['race.a', 'race.ordered']]);
    return {
      events: [event],
      works: [
        async (racer) => {
          const claimed = [];
          for (const name of names)
            claimed.push(...(await racer.ledger.claim([ground.room(name)], ground.context())).executions);
          return claimed.length > 0;
        },
        (racer) => racer.control.cancel(ground.harness.reference(event)),
      ],
      judge: async ([started, answer]) => {
        const saw = outcomeOf(answer);
        const wrong = cancelFaults(saw, await ground.homes(event), started as boolean);
        const { rowCount } = await ground.pool.query('select from bus.lane where key = $1', [
          event.event.key,
        ]);
        if (saw === 'cancelled' && rowCount !== 0) wrong.push('cancelled, and its lane is still there');
        return { saw, wrong };
      },
    };
  },
};

const RESUME: Race = {
  name: 'cancel×resume',
  promise: 'a held event that is cancelled while its operation is resumed runs or is cancelled, never both',
  operations: [{ name: 'race.paused' }, { name: 'race.ordered', ordered: true, dependsOn: ['race.paused'] }],
  sees: ['cancelled', 'too_late'],
  async prepare(ground) {
    await ground.pool.query(`update bus.operation set state = 'paused' where name = 'race.paused'`);
    const event = ground.harness.planned(ground.graph, { key: ground.key(), slot: false });
    await ground.stored(event);
    return {
      events: [event],
      works: [
        (racer) => racer.control.cancel(ground.harness.reference(event)),
        async (racer) => {
          await racer.graphs.setState('race.paused', 'active', 'race');
          return racer.ledger.claim([ground.room('race.paused')], ground.context());
        },
      ],
      judge: async ([answer, claimed]) => {
        const saw = outcomeOf(answer);
        const started = (claimed as ClaimOutcome).executions.length > 0;
        return { saw, wrong: cancelFaults(saw, await ground.homes(event), started) };
      },
    };
  },
};

/** The event has not arrived yet; what is known of it is a new time, or is about to be. */
const PLACEHOLDER: Race = {
  name: 'cancel×rescheduled placeholder',
  promise:
    'a cancel wins over a new time, whichever came first; the event is stored as cancelled when it arrives',
  operations: [{ name: 'race.plain' }, { name: 'race.ordered', ordered: true }],
  sees: ['with ingest', 'rescheduled first', 'cancelled first'],
  async prepare(ground, random) {
    const event = ground.harness.planned(ground.graph, { key: ground.key() });
    const reference = ground.harness.reference(event);
    const partition = ground.nextPartition();
    const arriving = random.chance(0.5);
    if (arriving) await ground.harness.control.reschedule(reference, FAR);
    const batch = await ground.harness.batch([event], { partition });
    return {
      events: [event],
      works: [
        (racer) => racer.control.cancel(reference),
        (racer) => (arriving ? racer.inbox.ingest(batch) : racer.control.reschedule(reference, FAR)),
      ],
      judge: async ([answer, other]) => {
        if (!arriving) await ground.harness.inbox.ingest(batch);
        const wrong = cancelFaults(outcomeOf(answer), await ground.homes(event), false);
        if (outcomeOf(answer) !== 'cancelled')
          wrong.push(`${outcomeOf(answer)}, though nothing could have started`);
        const first = outcomeOf(other) === 'rescheduled' ? 'rescheduled first' : 'cancelled first';
        return { saw: arriving ? 'with ingest' : first, wrong };
      },
    };
  },
};

export const CANCEL_RACES: readonly Race[] = [INGEST, CLAIM, RESCHEDULE, LANE_MADE, RESUME, PLACEHOLDER];
