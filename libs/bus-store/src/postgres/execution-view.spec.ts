import type { RunnableGraph } from '@bus/domain';
import { InboxHarness } from '../testing';

/** The view `bus.execution`: one state per execution, from where it lives. */
describe('bus.execution', () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;
  let ids: number[];
  let eventId: string;

  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('view.event', [
      { name: 'view.a' },
      { name: 'view.b', dependsOn: ['view.a'] },
      { name: 'view.lane', ordered: true },
    ]);
    ids = graph.operations.map((operation) => operation.operationId);
  });
  beforeEach(async () => {
    eventId = await harness.store.event(graph, 'k');
  });
  afterAll(() => harness.close());

  const stateOf = async (operation: number) =>
    (
      await harness.pool.query(
        'select state, attempt from bus.execution where event_id = $1 and operation_id = $2',
        [eventId, ids[operation]],
      )
    ).rows[0];
  const ended = (operation: number, attempt: number, outcome: number) =>
    harness.pool.query(
      'insert into bus.attempt_group (event_id, operation_id, attempt, outcome) values ($1, $2, $3, $4)',
      [eventId, ids[operation], attempt, outcome],
    );
  const dead = (operation: number, cause: number) =>
    harness.pool.query(
      'insert into bus.dead_letter (event_id, operation_id, attempt, cause) values ($1, $2, 1, $3)',
      [eventId, ids[operation], cause],
    );
  const setState = (operation: number, state: string) =>
    harness.pool.query('update bus.operation set state = $2 where operation_id = $1', [
      ids[operation],
      state,
    ]);

  it('tells a first time from a retry', async () => {
    await harness.store.due(eventId, ids[0], { inMs: 60_000 });
    expect(await stateOf(0)).toEqual({ state: 'scheduled', attempt: 0 });
    await harness.pool.query('update bus.due set attempt = 3 where event_id = $1', [eventId]);
    expect(await stateOf(0)).toEqual({ state: 'retrying', attempt: 3 });
  });

  it.each(['paused', 'disabled'])('holds what is due while its operation is %s', async (state) => {
    await harness.store.due(eventId, ids[0]);
    await setState(0, state);
    expect((await stateOf(0)).state).toBe('held');
    await setState(0, 'active');
    expect((await stateOf(0)).state).toBe('scheduled');
  });

  it('lets a home win over the last attempt', async () => {
    await ended(0, 1, 1);
    await harness.store.inFlight(eventId, ids[0], { attempt: 2 });
    expect(await stateOf(0)).toEqual({ state: 'in_flight', attempt: 2 });
  });

  it('holds what waits for a dead dependency, and only that', async () => {
    await harness.store.waiting(eventId, ids[1], { pending: [ids[0]] });
    expect((await stateOf(1)).state).toBe('waiting');
    await dead(2, 1);
    expect((await stateOf(1)).state).toBe('waiting');
    await dead(0, 1);
    expect((await stateOf(1)).state).toBe('held');
  });

  it('holds what stands behind the blocked head of its lane, and only that', async () => {
    const head = await harness.store.event(graph, 'k');
    await harness.store.lane(ids[2], 'k', head, 2);
    await harness.store.waiting(eventId, ids[2], { key: 'k', place: 1 });
    expect((await stateOf(2)).state).toBe('waiting');
    await harness.pool.query('update bus.lane set blocked_by = $1', [head]);
    expect((await stateOf(2)).state).toBe('held');
    await harness.pool.query('truncate bus.lane');
  });

  it.each([
    [0, 'rejected'],
    [1, 'dead'],
    [2, 'dead'],
    [3, 'dead'],
  ])('tells a rejected execution from a dead one (cause %i)', async (cause, state) => {
    await dead(0, cause);
    expect(await stateOf(0)).toEqual({ state, attempt: 1 });
  });

  it('ends by the last attempt only', async () => {
    await ended(0, 1, 2);
    await ended(0, 2, 0);
    await ended(1, 1, 1);
    expect([await stateOf(0), await stateOf(1)]).toEqual([
      { state: 'completed', attempt: 2 },
      { state: 'skipped', attempt: 1 },
    ]);
  });

  it('has no state for an execution that has neither a home nor an end: that is a fault', async () => {
    await ended(0, 1, 2);
    expect([await stateOf(0), await stateOf(1)]).toEqual([
      { state: null, attempt: 1 },
      { state: null, attempt: 0 },
    ]);
  });

  it('finds the executions of one event by keys alone', async () => {
    const client = await harness.pool.connect();
    await client.query('begin');
    // Small tables are read whole; this asks whether a key is there to be used once they are large.
    await client.query('set local enable_seqscan = off');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain (costs off) select * from bus.execution where event_id = '${eventId}'`,
    );
    await client.query('rollback');
    client.release();
    expect(rows.map((row) => row['QUERY PLAN']).filter((line) => line.includes('Seq Scan'))).toEqual([]);
  });
});
