import type { CloseOutcome, IngestOutcome, PlannedEvent } from '@bus/store';
import { oneOf } from './outcomes';
import type { Race } from './race';
import type { RaceGround } from './race-ground';
import type { RaceRacer } from './race-racer';

const AGAIN = { kind: 'again', inMs: 0, counts: true, maxAgeMs: null } as const;
const SWEPT = { outcome: 'unknown', code: null, durationMs: null, after: AGAIN } as const;
const MANY = 100_000;

/** TX4: looks without a lock, then closes what it saw. @returns whether its guarded delete decided */
async function sweep(ground: RaceGround, racer: RaceRacer, event: PlannedEvent): Promise<boolean> {
  const expired = (await racer.ledger.expired(MANY)).filter((row) => row.eventId === event.event.eventId);
  if (expired.length === 0) return false;
  const nameOf = new Map(ground.graph.operations.map((operation) => [operation.operationId, operation.name]));
  const ends = expired.map((row) =>
    ground.end(event, nameOf.get(row.operationId) ?? '', { ...SWEPT, attempt: row.attempt }),
  );
  return (await racer.ledger.close(ends, ground.context(2))).applied.some(Boolean);
}

const SWEEP: Race = {
  name: 'close×sweep',
  promise: 'of a result and the sweep one ends the attempt; the other changes nothing',
  operations: [
    { name: 'race.ordered', ordered: true },
    { name: 'race.after', dependsOn: ['race.ordered'] },
  ],
  sees: ['the result counted', 'the sweep counted'],
  async prepare(ground) {
    const event = ground.harness.planned(ground.graph, { key: ground.key() });
    await ground.stored(event);
    await ground.expireLeases(event);
    return {
      events: [event],
      works: [
        (racer) => racer.ledger.close([ground.end(event, 'race.ordered')], ground.context(1)),
        (racer) => sweep(ground, racer, event),
      ],
      judge: async ([closed, swept]) => {
        const completed = (closed as CloseOutcome).applied[0];
        const homes = await ground.homes(event);
        const [first, after] = ['race.ordered', 'race.after'].map(
          (name) => homes.find((row) => row.operation === name)?.home,
        );
        const wrong: string[] = [];
        if (completed === swept)
          wrong.push(completed ? 'both ended the attempt' : 'nobody ended the attempt');
        if (completed && (first !== null || after !== 'in_flight'))
          wrong.push(`completed, yet it is in ${first} and its dependent in ${after}`);
        if (swept && (first !== 'due' || after !== 'waiting'))
          wrong.push(`swept, yet it is in ${first} and its dependent in ${after}`);
        return { saw: completed ? 'the result counted' : 'the sweep counted', wrong };
      },
    };
  },
};

const LATE: Race = {
  name: 'late close×sweep',
  promise:
    'a holder past its lease changes nothing once another has taken over, though the attempt runs again',
  operations: [{ name: 'race.ordered', ordered: true }],
  sees: ['the late result counted', 'fenced off by attempt 2'],
  async prepare(ground) {
    const event = ground.harness.planned(ground.graph, { key: ground.key() });
    await ground.stored(event);
    await ground.expireLeases(event);
    return {
      events: [event],
      works: [
        (racer) => racer.ledger.close([ground.end(event, 'race.ordered')], ground.context(1)),
        async (racer) => {
          const swept = await sweep(ground, racer, event);
          const { executions } = await racer.ledger.claim([ground.room('race.ordered')], ground.context(2));
          return { swept, attempts: executions.map((row) => row.attempt) };
        },
      ],
      judge: async ([closed, taken]) => {
        const completed = (closed as CloseOutcome).applied[0];
        const { swept, attempts } = taken as { swept: boolean; attempts: number[] };
        const [row] = await ground.homes(event);
        const wrong: string[] = [];
        if (completed === swept) wrong.push(completed ? 'both ended attempt 1' : 'nobody ended attempt 1');
        if (completed && (row.home !== null || attempts.length > 0))
          wrong.push('completed, and it runs again');
        if (swept && (row.home === null || row.attempt !== (attempts[0] ?? 1)))
          wrong.push(`swept, yet attempt ${row.attempt} is in ${row.home}`);
        if (attempts.some((attempt) => attempt !== 2))
          wrong.push(`attempt ${attempts.join(', ')} follows attempt 1`);
        if (swept && attempts.length === 0) wrong.push('swept, and nobody could claim it');
        return { saw: completed ? 'the late result counted' : 'fenced off by attempt 2', wrong };
      },
    };
  },
};

const DEPENDENCY: Race = {
  name: 'close×close (dependency)',
  promise: 'what depends on two that end together starts once, and after both',
  operations: [
    { name: 'race.a' },
    { name: 'race.b' },
    { name: 'race.both', dependsOn: ['race.a', 'race.b'], ordered: true },
  ],
  sees: ['one started it', 'two started it'],
  async prepare(ground, random) {
    const event = ground.harness.planned(ground.graph, { key: random.pick([null, ground.key()]) });
    await ground.stored(event);
    return {
      events: [event],
      works: [
        (racer) => racer.ledger.close([ground.end(event, 'race.a')], ground.context(1)),
        (racer) => racer.ledger.close([ground.end(event, 'race.b')], ground.context(2)),
      ],
      judge: async (outcomes) => {
        const closes = outcomes as CloseOutcome[];
        const by = closes.map((close) => close.released.executions.length);
        const home = (await ground.homes(event)).find((row) => row.operation === 'race.both')?.home;
        const wrong: string[] = [];
        if (closes.some((close) => !close.applied[0]))
          wrong.push('a close was fenced off, though it held the attempt');
        if (by[0] + by[1] !== 1) wrong.push(`it was started ${by[0] + by[1]} times`);
        if (home !== 'in_flight') wrong.push(`it is in ${home}`);
        return { saw: oneOf(by.indexOf(1), 'started it'), wrong };
      },
    };
  },
};

/** Trap 5's place: the look for the next in the lane has to see what was appended while the lane was waited for. */
const APPEND: Race = {
  name: 'close×lane append',
  promise: 'what is appended to a lane while its head ends is promoted or heads a lane of its own',
  operations: [{ name: 'race.ordered', ordered: true }],
  sees: ['promoted by the close', 'started at ingest'],
  async prepare(ground, random) {
    const key = ground.key();
    const [head, next] = [0, 1].map(() => ground.harness.planned(ground.graph, { key }));
    await ground.stored(head);
    const batch = await ground.harness.batch([next], { partition: ground.nextPartition() });
    const died = random.chance(0.3);
    const over = died ? ({ outcome: 'retry', after: AGAIN } as const) : {};
    return {
      events: [head, next],
      works: [
        (racer) => racer.ledger.close([ground.end(head, 'race.ordered', over)], ground.context(1)),
        (racer) => racer.inbox.ingest(batch),
      ],
      judge: async ([closed, ingested]) => {
        const close = closed as CloseOutcome;
        const ingest = ingested as Extract<IngestOutcome, { outcome: 'stored' }>;
        const started = close.released.executions.length + ingest.started.length;
        const wrong: string[] = [];
        if (!close.applied[0]) wrong.push('the close was fenced off, though it held the attempt');
        if (died && started > 0) wrong.push('the next started though the head retries');
        if (!died && started !== 1) wrong.push(`the next was started ${started} times`);
        const by = close.released.executions.length ? 'promoted by the close' : 'started at ingest';
        return { saw: died ? 'behind a head that retries' : by, wrong };
      },
    };
  },
};

export const CLOSE_RACES: readonly Race[] = [SWEEP, DEPENDENCY, APPEND, LATE];
