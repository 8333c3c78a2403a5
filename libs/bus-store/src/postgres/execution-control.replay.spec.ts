import type { RunnableGraph } from '@bus/domain';
import { ControlHarness, idOf } from '../testing';
import { PostgresExecutionControl } from './execution-control.repository';

describe(`${PostgresExecutionControl.name}: replay`, () => {
  let harness: ControlHarness;
  /** a and d stand alone, b depends on both and is held by the dead, c is ordered, e runs whatever dies. */
  let graph: RunnableGraph;

  beforeAll(async () => {
    harness = await ControlHarness.open();
    graph = await harness.store.graph('replay.event', [
      { name: 'r.a' },
      { name: 'r.b', dependsOn: ['r.a', 'r.d'] },
      { name: 'r.c', ordered: true },
      { name: 'r.d' },
      { name: 'r.e', dependsOn: ['r.a'], onDependencyDead: 'run' },
    ]);
  });
  afterAll(() => harness.close());
  afterEach(() =>
    harness.pool.query('truncate bus.lane, bus.waiting, bus.due, bus.in_flight, bus.dead_letter'),
  );

  const dueOf = async (eventId: string, operation: string) => {
    const { rows } = await harness.pool.query(
      `select attempt, counted::int as counted, key, pending, due_at > clock_timestamp() + interval '1 min' as later
         from bus.due where event_id = $1 and operation_id = $2`,
      [eventId, idOf(graph, operation)],
    );
    return rows[0];
  };

  it('makes a dead letter due again under the same attempt, with a fresh count', async () => {
    const planned = await harness.stored(graph);
    await harness.end(graph, planned, 'r.a', 'dead');

    expect(await harness.replay(planned, 'r.a', 1)).toMatchObject({
      outcome: 'replayed',
      pending: [],
      forcedRuns: 0,
    });
    expect(await dueOf(planned.event.eventId, 'r.a')).toMatchObject({ attempt: 1, counted: 0, later: false });
    expect(await harness.states(planned)).toMatchObject({ 'r.a': 'retrying' });
    const [claimed] = await harness.claim(graph, 'r.a');
    expect(claimed).toMatchObject({ attempt: 2, counted: 1, forcedRuns: 0 });
  });

  it('trap-18: answers conflict to a second click, before and after the attempt has run', async () => {
    const planned = await harness.stored(graph);
    await harness.end(graph, planned, 'r.a', 'dead');
    const target = `${planned.event.eventId}/r.a`;
    expect(await harness.replay(planned, 'r.a', 1)).toMatchObject({ outcome: 'replayed' });

    expect(await harness.replay(planned, 'r.a', 1)).toEqual({
      outcome: 'conflict',
      state: 'retrying',
      attempt: 1,
    });
    await harness.claim(graph, 'r.a');
    expect(await harness.replay(planned, 'r.a', 1)).toEqual({
      outcome: 'conflict',
      state: 'in_flight',
      attempt: 2,
    });
    await harness.end(graph, planned, 'r.a', 'dead', 2);
    expect(await harness.replay(planned, 'r.a', 1)).toMatchObject({ outcome: 'conflict', attempt: 2 });
    expect(await harness.store.count('dead_letter')).toBe(1);
    expect(await harness.audited(target)).toEqual([
      'replayed, forced runs 0',
      ...Array<string>(3).fill('refused: conflict'),
    ]);
  });

  it('repeats a completed effect by force only, each time under a new run number', async () => {
    const planned = await harness.stored(graph);
    await harness.end(graph, planned, 'r.a', 'completed');

    expect(await harness.replay(planned, 'r.a', 1)).toEqual({ outcome: 'refused', why: 'needs_force' });
    expect(await harness.replay(planned, 'r.a', 1, true)).toMatchObject({
      outcome: 'replayed',
      forcedRuns: 1,
    });
    expect((await harness.claim(graph, 'r.a'))[0]).toMatchObject({ attempt: 2, forcedRuns: 1 });
    await harness.end(graph, planned, 'r.a', 'dead', 2);
    expect(await harness.replay(planned, 'r.a', 2)).toMatchObject({ outcome: 'replayed', forcedRuns: 1 });
    expect((await harness.claim(graph, 'r.a'))[0]).toMatchObject({ attempt: 3, forcedRuns: 1 });
    await harness.end(graph, planned, 'r.a', 'completed', 3);
    expect(await harness.replay(planned, 'r.a', 3, true)).toMatchObject({
      outcome: 'replayed',
      forcedRuns: 2,
    });
  });

  it('never runs what was cancelled, whatever is forced', async () => {
    const planned = await harness.stored(graph, { slot: false, deliverAt: '2099-01-01T00:00:00Z' });
    await harness.inbox.control.cancel(harness.inbox.reference(planned));

    expect(await harness.replay(planned, 'r.a', 0, true)).toEqual({ outcome: 'refused', why: 'cancelled' });
    expect(await harness.inbox.homes(planned)).toEqual({});
  });

  it('never runs before the execution’s own time', async () => {
    const planned = await harness.stored(graph, { deliverAt: '2099-01-01T00:00:00Z' });
    expect(await harness.skip(planned, 'r.a', 0)).toEqual({ outcome: 'skipped', attempt: 1 });

    expect(await harness.replay(planned, 'r.a', 1)).toMatchObject({
      outcome: 'replayed',
      dueAt: new Date('2099-01-01T00:00:00Z'),
    });
    expect(await dueOf(planned.event.eventId, 'r.a')).toMatchObject({ later: true });
  });

  it('waits for dependencies that are open, and for the dead only under block', async () => {
    const planned = await harness.stored(graph);
    await harness.end(graph, planned, 'r.d', 'completed');
    await harness.end(graph, planned, 'r.a', 'dead');
    await harness.end(graph, planned, 'r.e', 'dead'); // it started: it runs whatever dies
    expect(await harness.skip(planned, 'r.b', 0)).toMatchObject({ outcome: 'skipped' });

    expect(await harness.replay(planned, 'r.b', 1)).toMatchObject({ outcome: 'replayed', pending: ['r.a'] });
    expect(await harness.replay(planned, 'r.e', 1)).toMatchObject({ outcome: 'replayed', pending: [] });
    expect(await harness.claim(graph, 'r.b')).toEqual([]);
    expect(await harness.states(planned)).toMatchObject({ 'r.b': 'held' });
    await harness.replay(planned, 'r.a', 1);
    expect(await harness.states(planned)).toMatchObject({ 'r.b': 'waiting', 'r.a': 'retrying' });
    await harness.claim(graph, 'r.a');
    await harness.end(graph, planned, 'r.a', 'completed', 2);
    expect(await harness.states(planned)).toMatchObject({ 'r.a': 'completed', 'r.b': 'in_flight' });
  });

  it('turns dependents that a dead one held back to waiting, and lets them go on when it completes', async () => {
    const planned = await harness.stored(graph);
    await harness.end(graph, planned, 'r.d', 'completed');
    await harness.end(graph, planned, 'r.a', 'dead');
    expect(await harness.states(planned)).toMatchObject({ 'r.b': 'held' });

    await harness.replay(planned, 'r.a', 1);
    expect(await harness.states(planned)).toMatchObject({ 'r.b': 'waiting' });
    await harness.claim(graph, 'r.a');
    await harness.end(graph, planned, 'r.a', 'completed', 2);
    expect(await harness.states(planned)).toMatchObject({ 'r.b': 'in_flight' });
  });

  it('replays a dependency and its dependent in one call: the second waits for the first', async () => {
    const planned = await harness.stored(graph);
    await harness.end(graph, planned, 'r.a', 'dead');
    await harness.end(graph, planned, 'r.e', 'dead');
    const { eventId } = planned.event;
    const outcomes = await harness.control.replay(
      [
        { eventId, operation: 'r.e', expectedAttempt: 1, force: false },
        { eventId, operation: 'r.a', expectedAttempt: 1, force: false },
        { eventId, operation: 'r.d', expectedAttempt: 1, force: false },
      ],
      harness.author,
    );
    expect(outcomes).toMatchObject([
      { outcome: 'replayed', pending: ['r.a'] },
      { outcome: 'replayed', pending: [] },
      { outcome: 'conflict', state: 'in_flight' },
    ]);
  });

  it('unblocks the lane that it heads, and leaves the order as it was', async () => {
    const [first, second] = [
      await harness.stored(graph, { key: 'k' }),
      await harness.stored(graph, { key: 'k' }),
    ];
    await harness.end(graph, first, 'r.c', 'dead');
    expect(await harness.states(second)).toMatchObject({ 'r.c': 'held' });

    expect(await harness.replay(first, 'r.c', 1)).toMatchObject({ outcome: 'replayed' });
    expect(await harness.states(second)).toMatchObject({ 'r.c': 'waiting' });
    expect((await harness.claim(graph, 'r.c')).map((one) => one.eventId)).toEqual([first.event.eventId]);
    await harness.end(graph, first, 'r.c', 'completed', 2);
    expect(await harness.states(second)).toMatchObject({ 'r.c': 'in_flight' });
    await harness.end(graph, second, 'r.c', 'completed');
    expect(await harness.store.count('lane')).toBe(0);
  });

  it('joins the tail of a lane that it does not head', async () => {
    const [first, second] = [
      await harness.stored(graph, { key: 'k' }),
      await harness.stored(graph, { key: 'k' }),
    ];
    await harness.end(graph, first, 'r.c', 'completed');
    await harness.replay(first, 'r.c', 1, true);

    expect(await harness.claim(graph, 'r.c')).toEqual([]);
    expect(await harness.states(first)).toMatchObject({ 'r.c': 'waiting' });
    await harness.end(graph, second, 'r.c', 'completed');
    expect(await harness.states(first)).toMatchObject({ 'r.c': 'in_flight' });
  });

  it('trap-20: refuses what a service may have forgotten, unless it is forced', async () => {
    const planned = await harness.stored(graph);
    await harness.end(graph, planned, 'r.a', 'dead');
    await harness.pool.query(
      `update bus.attempt_group set ended_at = clock_timestamp() - interval '91 days' where event_id = $1`,
      [planned.event.eventId],
    );

    expect(await harness.replay(planned, 'r.a', 1)).toEqual({ outcome: 'refused', why: 'too_old' });
    expect(await harness.replay(planned, 'r.a', 1, true)).toMatchObject({
      outcome: 'replayed',
      forcedRuns: 1,
    });
    await harness.claim(graph, 'r.a');
    await harness.end(graph, planned, 'r.a', 'dead', 2);
    // The forced run is a new execution for the service: its own age counts.
    expect(await harness.replay(planned, 'r.a', 2)).toMatchObject({ outcome: 'replayed', forcedRuns: 1 });
  });

  it('knows no event, no operation and no graph that is not there', async () => {
    const [planned, unrouted] = [await harness.stored(graph), await harness.stored(null)];
    const nowhere = {
      ...planned,
      event: { ...planned.event, eventId: '0190a0a0-0000-7000-8000-000000000000' },
    };

    expect(await harness.replay(nowhere, 'r.a', 1)).toEqual({ outcome: 'not_found' });
    expect(await harness.replay(planned, 'r.z', 1)).toEqual({ outcome: 'not_found' });
    expect(await harness.replay(unrouted, 'r.a', 1)).toEqual({ outcome: 'unrouted' });
    expect(await harness.audited(`${unrouted.event.eventId}/r.a`)).toEqual(['refused: unrouted']);
  });

  it('routes an unrouted event under the graph that is active now, once', async () => {
    const planned = await harness.stored(null, { type: 'replay.late', key: 'k', payload: '{"big":false}' });
    const { eventId } = planned.event;
    expect(await harness.control.route(eventId, harness.author)).toEqual({ outcome: 'no_graph' });
    const late = await harness.store.graph('replay.late', [
      { name: 'late.a' },
      { name: 'late.b', dependsOn: ['late.a'] },
      { name: 'late.c', ordered: true },
      { name: 'late.d', filter: 'payload.big' },
    ]);

    expect(await harness.control.route(eventId, harness.author)).toMatchObject({
      outcome: 'routed',
      version: 1,
    });
    expect(await harness.control.route(eventId, harness.author)).toEqual({ outcome: 'conflict' });
    expect(await harness.states(planned)).toEqual({
      'late.a': 'scheduled',
      'late.b': 'waiting',
      'late.c': 'scheduled',
      'late.d': 'skipped',
    });
    expect((await harness.claim(late, 'late.c')).map((one) => one.attempt)).toEqual([1]);
    expect(await harness.audited(eventId)).toEqual([
      'refused: no_graph',
      'routed by version 1',
      'refused: conflict',
    ]);
  });
});
