import type { RunnableGraph } from '@bus/domain';
import { v7 } from 'uuid';
import { InboxHarness } from '../testing';
import { PostgresEventControlStore } from './event-control.repository';

const FAR = '2099-01-01T00:00:00Z';

describe(`${PostgresEventControlStore.name}: cancel`, () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;
  let ids: number[];

  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('control.event', [
      { name: 'control.a' },
      { name: 'control.b', dependsOn: ['control.a'] },
      { name: 'control.lane', ordered: true },
    ]);
    ids = graph.operations.map((operation) => operation.operationId);
  });
  afterAll(() => harness.close());

  const stored = async (over: Parameters<InboxHarness['planned']>[1] = {}) => {
    const planned = harness.planned(graph, over);
    await harness.ingest([planned]);
    return planned;
  };
  const states = (executions: { state: string }[]) => executions.map((execution) => execution.state);

  it('cancels an event that has not arrived, and says so again', async () => {
    const reference = { source: 'spec', messageId: v7() };
    expect(await harness.control.cancel(reference)).toEqual({ outcome: 'cancelled', executions: [] });
    expect(await harness.control.cancel(reference)).toEqual({
      outcome: 'already_cancelled',
      executions: [],
    });
  });

  it('takes every execution out of its home, and answers the state of each', async () => {
    const planned = await stored({ deliverAt: FAR });
    expect(await harness.control.cancel(harness.reference(planned))).toEqual({
      outcome: 'cancelled',
      executions: graph.operations.map(({ name }) => ({ operation: name, state: 'cancelled', attempt: 0 })),
    });
    expect(await harness.homes(planned)).toEqual({});
    const again = await harness.control.cancel(harness.reference(planned));
    expect([again.outcome, ...states(again.executions)]).toEqual([
      'already_cancelled',
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
  });

  it('cancels what waits in due and in waiting alike', async () => {
    const planned = await stored({ slot: false });
    expect(await harness.homes(planned)).toEqual({ due: 2, waiting: 1 });
    expect((await harness.control.cancel(harness.reference(planned))).outcome).toBe('cancelled');
    expect(await harness.homes(planned)).toEqual({});
  });

  it('is too late, and changes nothing, once one execution is in flight', async () => {
    const planned = await stored();
    const before = await harness.homes(planned);
    const answer = await harness.control.cancel(harness.reference(planned));
    expect(answer).toEqual({
      outcome: 'too_late',
      executions: [
        { operation: 'control.a', state: 'in_flight', attempt: 1 },
        { operation: 'control.b', state: 'waiting', attempt: 0 },
        { operation: 'control.lane', state: 'in_flight', attempt: 1 },
      ],
    });
    expect(await harness.homes(planned)).toEqual(before);
  });

  it('is too late for an execution that waits for its retry', async () => {
    const planned = await stored({ slot: false });
    await harness.pool.query(
      'insert into bus.attempt_group (event_id, operation_id, attempt, outcome) values ($1, $2, 1, 2)',
      [planned.event.eventId, ids[0]],
    );
    await harness.pool.query(
      'update bus.due set attempt = 1, counted = 1 where event_id = $1 and operation_id = $2',
      [planned.event.eventId, ids[0]],
    );
    const answer = await harness.control.cancel(harness.reference(planned));
    expect([answer.outcome, ...states(answer.executions)]).toEqual([
      'too_late',
      'retrying',
      'waiting',
      'scheduled',
    ]);
    expect(await harness.homes(planned)).toEqual({ due: 2, waiting: 1 });
  });

  it('leaves a skipped execution skipped and cancels the others', async () => {
    const planned = await stored({ deliverAt: FAR, verdicts: new Map([[ids[0], 'no']]) });
    const answer = await harness.control.cancel(harness.reference(planned));
    expect([answer.outcome, ...states(answer.executions)]).toEqual([
      'cancelled',
      'skipped',
      'cancelled',
      'cancelled',
    ]);
  });

  it('cancels a skipped execution that was replayed and has not started', async () => {
    const planned = await stored({ verdicts: new Map(ids.map((id) => [id, 'no' as const])) });
    await harness.store.due(planned.event.eventId, ids[0], { attempt: 1, inMs: 60_000 });
    expect((await harness.control.cancel(harness.reference(planned))).outcome).toBe('cancelled');
  });

  it.each(['unrouted', 'all skipped', 'pruned'])(
    'is too late where nothing is left to run: %s',
    async (kind) => {
      const planned =
        kind === 'unrouted'
          ? harness.planned(null)
          : harness.planned(graph, { verdicts: new Map(ids.map((id) => [id, 'no' as const])) });
      await harness.ingest([planned]);
      if (kind === 'pruned') {
        await harness.pool.query('delete from bus.attempt_group where event_id = $1', [
          planned.event.eventId,
        ]);
        await harness.pool.query('delete from bus.event where event_id = $1', [planned.event.eventId]);
      }
      expect((await harness.control.cancel(harness.reference(planned))).outcome).toBe('too_late');
    },
  );

  it('is too late once an execution is dead, and keeps the others where they are', async () => {
    const planned = await stored({ deliverAt: FAR });
    await harness.pool.query('delete from bus.due where event_id = $1 and operation_id = $2', [
      planned.event.eventId,
      ids[0],
    ]);
    await harness.pool.query(
      'insert into bus.attempt_group (event_id, operation_id, attempt, outcome) values ($1, $2, 1, 3)',
      [planned.event.eventId, ids[0]],
    );
    await harness.pool.query(
      'insert into bus.dead_letter (event_id, operation_id, attempt, cause) values ($1, $2, 1, 0)',
      [planned.event.eventId, ids[0]],
    );
    const answer = await harness.control.cancel(harness.reference(planned));
    expect([answer.outcome, ...states(answer.executions)]).toEqual([
      'too_late',
      'rejected',
      'scheduled',
      'scheduled',
    ]);
  });
});
