import type { RunnableGraph } from '@bus/domain';
import { ControlHarness } from '../testing';
import { PostgresExecutionControl } from './execution-control.repository';

describe(`${PostgresExecutionControl.name}: skip and unblock`, () => {
  let harness: ControlHarness;
  let graph: RunnableGraph;

  beforeAll(async () => {
    harness = await ControlHarness.open();
    graph = await harness.store.graph('skip.event', [
      { name: 's.a' },
      { name: 's.b', dependsOn: ['s.a'] },
      { name: 's.c', dependsOn: ['s.b'], ordered: true },
      { name: 's.d', ordered: true },
    ]);
  });
  afterAll(() => harness.close());
  afterEach(() =>
    harness.pool.query('truncate bus.lane, bus.waiting, bus.due, bus.in_flight, bus.dead_letter'),
  );

  it('ends a scheduled execution under a number of its own, and releases its dependents', async () => {
    const planned = await harness.stored(graph, { slot: false });
    expect(await harness.skip(planned, 's.a', 0)).toEqual({ outcome: 'skipped', attempt: 1 });

    expect(await harness.states(planned)).toMatchObject({
      's.a': 'skipped',
      's.b': 'scheduled',
      's.c': 'waiting',
    });
    const { rows } = await harness.pool.query(
      'select attempt, code, reason from bus.attempt where event_id = $1',
      [planned.event.eventId],
    );
    expect(rows).toEqual([{ attempt: 1, code: 'by_person', reason: 'spec' }]);
    expect(await harness.skip(planned, 's.a', 0)).toEqual({
      outcome: 'conflict',
      state: 'skipped',
      attempt: 1,
    });
    expect(await harness.skip(planned, 's.a', 1)).toEqual({ outcome: 'refused', why: 'ended' });
    expect(await harness.audited(`${planned.event.eventId}/s.a`)).toEqual([
      'skipped as attempt 1',
      'refused: conflict',
      'refused: ended',
    ]);
  });

  it('ends a held one, and a dead one whose dependents it held', async () => {
    const planned = await harness.stored(graph);
    await harness.end(graph, planned, 's.a', 'dead');
    expect(await harness.states(planned)).toMatchObject({ 's.b': 'held' });

    expect(await harness.skip(planned, 's.a', 1)).toEqual({ outcome: 'skipped', attempt: 2 });
    expect(await harness.states(planned)).toMatchObject({ 's.a': 'skipped', 's.b': 'scheduled' });

    const other = await harness.stored(graph);
    await harness.end(graph, other, 's.a', 'dead');
    expect(await harness.skip(other, 's.b', 0)).toMatchObject({ outcome: 'skipped' });
    expect(await harness.states(other)).toMatchObject({
      's.a': 'rejected',
      's.b': 'skipped',
      's.c': 'scheduled',
    });
  });

  it('leaves alone what is in flight', async () => {
    const planned = await harness.stored(graph);
    expect(await harness.skip(planned, 's.a', 1)).toEqual({
      outcome: 'conflict',
      state: 'in_flight',
      attempt: 1,
    });
    expect(await harness.states(planned)).toMatchObject({ 's.a': 'in_flight' });
  });

  it('gives the lane of a head to the next place, and takes a place out of the middle', async () => {
    const events = [];
    for (let n = 0; n < 4; n += 1) events.push(await harness.stored(graph, { key: 'k', slot: false }));
    const [first, second, third, fourth] = events as [never, never, never, never];
    await harness.skip(second, 's.d', 0);
    await harness.skip(first, 's.d', 0);

    expect(await harness.states(third)).toMatchObject({ 's.d': 'scheduled' });
    expect(await harness.states(fourth)).toMatchObject({ 's.d': 'waiting' });
    await harness.skip(fourth, 's.d', 0);
    await harness.skip(third, 's.d', 0);
    const { rows } = await harness.pool.query(
      'select o.name from bus.lane join bus.operation o using (operation_id)',
    );
    expect(rows).toEqual([{ name: 's.c' }]);
  });

  it('ends a blocked lane’s dead head, so that the lane goes on', async () => {
    const [first, second] = [
      await harness.stored(graph, { key: 'k' }),
      await harness.stored(graph, { key: 'k' }),
    ];
    await harness.end(graph, first, 's.d', 'dead');
    expect(await harness.states(second)).toMatchObject({ 's.d': 'held' });

    expect(await harness.skip(first, 's.d', 1)).toEqual({ outcome: 'skipped', attempt: 2 });
    expect(await harness.states(second)).toMatchObject({ 's.d': 'scheduled' });
  });

  it('unblocks a lane behind its dead head, who stays a dead letter and joins the tail when replayed', async () => {
    const [first, second] = [
      await harness.stored(graph, { key: 'k' }),
      await harness.stored(graph, { key: 'k' }),
    ];
    await harness.end(graph, first, 's.d', 'dead');
    const lane = { operation: 's.d', key: 'k', blockedBy: first.event.eventId };

    expect(await harness.control.unblock(lane, harness.author)).toEqual({
      outcome: 'unblocked',
      head: second.event.eventId,
    });
    expect(await harness.states(first)).toMatchObject({ 's.d': 'rejected' });
    expect(await harness.states(second)).toMatchObject({ 's.d': 'scheduled' });
    expect(await harness.control.unblock(lane, harness.author)).toEqual({ outcome: 'conflict' });
    expect(await harness.replay(first, 's.d', 1)).toMatchObject({ outcome: 'replayed' });
    expect((await harness.claim(graph, 's.d')).map((one) => one.eventId)).toEqual([second.event.eventId]);
    expect(await harness.states(first)).toMatchObject({ 's.d': 'waiting' });
    expect(await harness.audited('s.d/k')).toEqual(['unblocked', 'refused: conflict']);
  });

  it('ends a lane without a next place, and knows no operation that is not there', async () => {
    const only = await harness.stored(graph, { key: 'k' });
    await harness.end(graph, only, 's.d', 'dead');
    const lane = { operation: 's.d', key: 'k', blockedBy: only.event.eventId };
    expect(await harness.control.unblock(lane, harness.author)).toEqual({ outcome: 'unblocked', head: null });
    expect(await harness.control.unblock({ ...lane, operation: 's.z' }, harness.author)).toEqual({
      outcome: 'not_found',
    });
  });
});
