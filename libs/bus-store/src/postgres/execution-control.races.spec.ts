import type { RunnableGraph } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { PlannedEvent } from '../event-inbox';
import { ControlHarness, idOf, untilWaiting } from '../testing';
import { PostgresExecutionControl } from './execution-control.repository';

/** Rounds on a machine that others use too. */
jest.setTimeout(60_000);

describe(`${PostgresExecutionControl.name}: races`, () => {
  let harness: ControlHarness;
  let graph: RunnableGraph;

  beforeAll(async () => {
    harness = await ControlHarness.open();
    graph = await harness.store.graph('control-race.event', [
      { name: 'race.a' },
      { name: 'race.b', dependsOn: ['race.a'] },
      { name: 'race.c', dependsOn: ['race.b'] },
    ]);
  });
  beforeEach(() => harness.pool.query('truncate bus.waiting, bus.due, bus.in_flight, bus.dead_letter'));
  afterAll(() => harness.close());

  /** Starts `work` while `first` is uncommitted and stands in its way, then ends that one. */
  async function during<T>(
    first: (gate: PoolClient) => Promise<unknown>,
    work: () => Promise<T>,
    end: string,
  ) {
    const gate = await harness.pool.connect();
    try {
      await gate.query('begin');
      await first(gate);
      const answer = work();
      await Promise.race([untilWaiting(harness.pool, 1), answer]);
      await gate.query(end);
      return await answer;
    } finally {
      gate.release();
    }
  }

  /** Lets `first` do everything but its last statement and its commit, then starts `second` against it. */
  async function heldBefore<A, B>(first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
    const gate = await harness.pool.connect();
    try {
      await gate.query('begin');
      await gate.query('lock table bus.audit_entry in exclusive mode');
      const held = first();
      await untilWaiting(harness.pool, 1);
      const against = second();
      await Promise.race([untilWaiting(harness.pool, 2), against]);
      await gate.query('rollback');
      return [await held, await against];
    } finally {
      gate.release();
    }
  }

  /** a is in flight; b, which depends on it, was skipped. */
  const skippedBehind = async (slot = true) => {
    const planned = await harness.stored(graph, { slot });
    await harness.skip(planned, 'race.b', 0);
    return planned;
  };
  const pendingOf = async (planned: PlannedEvent, operation: string) => {
    const { rows } = await harness.pool.query<{ pending: number[] }>(
      'select pending from bus.due where event_id = $1 and operation_id = $2',
      [planned.event.eventId, idOf(graph, operation)],
    );
    return rows[0]?.pending;
  };
  const endA = (planned: PlannedEvent) => async (gate: PoolClient) => {
    const values = [planned.event.eventId, idOf(graph, 'race.a')];
    await gate.query('delete from bus.in_flight where event_id = $1 and operation_id = $2', values);
    await gate.query(
      'insert into bus.attempt_group (event_id, operation_id, attempt, outcome) values ($1, $2, 1, 0)',
      values,
    );
  };

  it('trap-18: lets one of several clicks replay, in 50 rounds', async () => {
    for (let round = 0; round < 50; round += 1) {
      const planned = await harness.stored(graph);
      await harness.end(graph, planned, 'race.a', 'dead');
      const clicks = await Promise.all([1, 2, 3].map(() => harness.replay(planned, 'race.a', 1)));
      expect(clicks.map((click) => click?.outcome).sort()).toEqual(['conflict', 'conflict', 'replayed']);
      const { rowCount } = await harness.pool.query('select from bus.due where event_id = $1', [
        planned.event.eventId,
      ]);
      expect(rowCount).toBe(1);
    }
  });

  it('does not wait for a dependency whose end commits, and waits where it is rolled back', async () => {
    const [ended, open] = [await skippedBehind(), await skippedBehind()];
    const replay = (planned: PlannedEvent) => () => harness.replay(planned, 'race.b', 1);

    expect(await during(endA(ended), replay(ended), 'commit')).toMatchObject({
      outcome: 'replayed',
      pending: [],
    });
    expect(await during(endA(open), replay(open), 'rollback')).toMatchObject({ pending: ['race.a'] });
  });

  it('is seen by the end of a dependency that comes while it commits', async () => {
    const planned = await skippedBehind();
    const [outcome] = await heldBefore(
      () => harness.replay(planned, 'race.b', 1),
      () => harness.end(graph, planned, 'race.a', 'completed'),
    );
    expect(outcome).toMatchObject({ outcome: 'replayed', pending: ['race.a'] });
    expect(await pendingOf(planned, 'race.b')).toEqual([]);
  });

  it('follows a dependency that a claim moves from due to in flight', async () => {
    const planned = await skippedBehind(false);
    const before = harness.pool.transactionsAgain;
    const claim = async (gate: PoolClient) => {
      const values = [planned.event.eventId, idOf(graph, 'race.a')];
      await gate.query('delete from bus.due where event_id = $1 and operation_id = $2', values);
      await gate.query(
        `insert into bus.in_flight values ($1, $2, 1, 1, clock_timestamp() + interval '15 s', 9)`,
        values,
      );
    };
    const outcome = await during(claim, () => harness.replay(planned, 'race.b', 1), 'commit');
    expect(outcome).toMatchObject({ outcome: 'replayed', pending: ['race.a'] });
    expect(harness.pool.transactionsAgain).toBe(before + 1);
  });

  it('loses no wake-up between a replay and the end of its dependency, in 100 rounds', async () => {
    for (let round = 0; round < 100; round += 1) {
      const planned = await skippedBehind();
      const turns = round % 4;
      const [outcome] = await Promise.all([
        after(turns, () => harness.replay(planned, 'race.b', 1)),
        after(3 - turns, () => harness.end(graph, planned, 'race.a', 'completed')),
      ]);
      expect(outcome?.outcome).toBe('replayed');
      expect(await pendingOf(planned, 'race.b')).toEqual([]);
    }
  });

  it('cancels what a replay had made due again, or is refused after the cancel, in 40 rounds', async () => {
    const seen = new Set<string | undefined>();
    for (let round = 0; round < 40; round += 1) {
      const planned = await harness.stored(graph, { slot: false });
      await harness.skip(planned, 'race.a', 0);
      const works: [() => Promise<unknown>, () => Promise<unknown>] = [
        () => harness.replay(planned, 'race.a', 1),
        () => harness.inbox.control.cancel(harness.inbox.reference(planned)),
      ];
      const order = round % 2 === 0 ? [0, 1] : [1, 0];
      const answers: { outcome: string }[] = [];
      const run = (index: number) =>
        works[index as 0 | 1]().then((answer) => (answers[index] = answer as never));
      // One after the other first, each way: which of two at once comes first is chance.
      if (round < 2) for (const index of order) await run(index);
      else await Promise.all(order.map(run));
      seen.add(answers[0]?.outcome);
      expect(answers[1]?.outcome).toBe('cancelled');
      if (answers[0]?.outcome !== 'replayed')
        expect(answers[0]).toEqual({ outcome: 'refused', why: 'cancelled' });
      expect(await harness.inbox.homes(planned)).toEqual({});
      expect(await harness.replay(planned, 'race.a', 1, true)).toEqual({
        outcome: 'refused',
        why: 'cancelled',
      });
    }
    expect([...seen].sort()).toEqual(['refused', 'replayed']);
  });

  it('skips what a claim gives back, and leaves alone what it takes', async () => {
    const [taken, left] = [
      await harness.stored(graph, { slot: false }),
      await harness.stored(graph, { slot: false }),
    ];
    const claim = (planned: PlannedEvent) => async (gate: PoolClient) => {
      const values = [planned.event.eventId, idOf(graph, 'race.a')];
      await gate.query('delete from bus.due where event_id = $1 and operation_id = $2', values);
      await gate.query(
        `insert into bus.in_flight values ($1, $2, 1, 1, clock_timestamp() + interval '15 s', 9)`,
        values,
      );
    };
    expect(await during(claim(taken), () => harness.skip(taken, 'race.a', 0), 'commit')).toEqual({
      outcome: 'conflict',
      state: 'in_flight',
      attempt: 1,
    });
    expect(await during(claim(left), () => harness.skip(left, 'race.a', 0), 'rollback')).toMatchObject({
      outcome: 'skipped',
    });
  });

  it('is left out by a claim while it commits', async () => {
    const planned = await harness.stored(graph, { slot: false });
    const [outcome, claimed] = await heldBefore(
      () => harness.skip(planned, 'race.a', 0),
      () => harness.claim(graph, 'race.a'),
    );
    expect([outcome.outcome, claimed]).toEqual(['skipped', []]);
  });

  it('agrees with the end of a dependency about who runs, in 60 rounds', async () => {
    for (let round = 0; round < 60; round += 1) {
      const planned = await harness.stored(graph);
      const [outcome] = await Promise.all([
        after(round % 4, () => harness.skip(planned, 'race.b', 0)),
        after(3 - (round % 4), () => harness.end(graph, planned, 'race.a', 'completed')),
      ]);
      const states = await harness.states(planned);
      expect([outcome.outcome, states['race.b'], states['race.c']]).toEqual(
        outcome.outcome === 'skipped'
          ? ['skipped', 'skipped', 'scheduled']
          : ['conflict', 'in_flight', 'waiting'],
      );
    }
  });
});

/** Runs `work` some turns of the event loop later. */
async function after<T>(turns: number, work: () => Promise<T>): Promise<T> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return work();
}
