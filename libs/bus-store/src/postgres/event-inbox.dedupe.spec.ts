import type { RunnableGraph } from '@bus/domain';
import type { PlannedEvent } from '../event-inbox';
import { InboxHarness } from '../testing';
import { PostgresEventInbox } from './event-inbox.repository';

describe(`${PostgresEventInbox.name}: one event per message`, () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;
  let operationId: number;

  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('dedupe.event', [
      { name: 'dedupe.now' },
      { name: 'dedupe.later', delayMs: 60_000 },
    ]);
    operationId = graph.operations[0].operationId;
  });
  beforeEach(() => harness.pool.query('truncate bus.quarantine'));
  afterAll(() => harness.close());

  const again = (planned: PlannedEvent, over = {}): PlannedEvent =>
    harness.planned(graph, { messageId: planned.event.messageId, ...over });
  const sent = () => [...harness.pool.statements.byName.keys()].map((name) => name.split('.')[2]);
  const count = async (table: string, planned: PlannedEvent) =>
    (await harness.pool.query(`select from bus.${table} where event_id = $1`, [planned.event.eventId]))
      .rowCount;

  it('stores a message of an earlier batch only once, and starts nothing for the repeat', async () => {
    const first = harness.planned(graph);
    await harness.ingest([first]);
    const repeat = again(first);
    const fresh = harness.planned(graph);
    const batch = await harness.batch([repeat, fresh]);
    harness.pool.statements.reset();
    expect(await harness.inbox.ingest(batch)).toEqual({
      outcome: 'stored',
      started: [{ eventId: fresh.event.eventId, operationId }],
      fresh: 1,
      repeated: 1,
      quarantined: 0,
    });
    expect(sent()).toEqual(['fresh', 'any']);
    expect(await count('event', repeat)).toBe(0);
    expect(await count('in_flight', repeat)).toBe(0);
  });

  it('tries the statement for new events again once there was a batch of nothing else', async () => {
    const first = harness.planned(graph);
    await harness.ingest([first]);
    const statementsOf = async (...events: PlannedEvent[]) => {
      const batch = await harness.batch(events);
      harness.pool.statements.reset();
      await harness.inbox.ingest(batch);
      return sent();
    };
    await harness.ingest([again(first)]);
    expect(await statementsOf(again(first))).toEqual(['any']);
    expect(await statementsOf(harness.planned(graph))).toEqual(['any']);
    expect(await statementsOf(harness.planned(graph))).toEqual(['fresh']);
    expect(await statementsOf(again(first))).toHaveLength(2);
  });

  it('takes a repeat of any due time for the same message', async () => {
    const first = harness.planned(graph);
    await harness.ingest([first]);
    expect(await harness.ingest([again(first, { deliverAt: '2099-01-01T00:00:00Z' })])).toMatchObject({
      repeated: 1,
    });
  });

  it.each([{ payload: '{"other":1}' }, { key: 'other' }])(
    'keeps the first of two contents and the other raw, with its fault: %j',
    async (other) => {
      const first = harness.planned(graph);
      await harness.ingest([first]);
      const [conflict, fresh] = [again(first, other), harness.planned(graph)];
      const batch = await harness.batch([conflict, fresh]);
      expect(await harness.inbox.ingest(batch)).toMatchObject({
        outcome: 'stored',
        fresh: 1,
        repeated: 0,
        quarantined: 1,
      });
      expect(await count('event', conflict)).toBe(0);
      expect(await count('event', fresh)).toBe(1);
      expect(await harness.position()).toBe(batch.next);
      const { rows } = await harness.pool.query('select * from bus.quarantine where log_id = $1', [
        harness.logId,
      ]);
      expect(rows).toEqual([
        expect.objectContaining({
          partition: 0,
          broker_offset: batch.start.toString(),
          fault: 'identity_conflict',
          detail: `same source and messageId as event ${first.event.eventId}`,
          key: conflict.record.key,
          value: conflict.record.value,
          headers: [['ce_id', Buffer.from(conflict.event.messageId).toString('base64')]],
        }),
      ]);
    },
  );

  it("never lets a message take another one's event id", async () => {
    const first = harness.planned(graph);
    await harness.ingest([first]);
    const thief = harness.planned(graph, { eventId: first.event.eventId });
    const fresh = harness.planned(graph);
    expect(await harness.ingest([thief, fresh])).toMatchObject({ fresh: 1, quarantined: 1 });
    expect(await harness.faults()).toEqual(['event_id_taken']);
    const { rowCount } = await harness.pool.query('select from bus.event_identity where identity = $1', [
      thief.identity,
    ]);
    expect(rowCount).toBe(0);
    expect(await harness.ingest([again(thief)])).toMatchObject({ fresh: 1, quarantined: 0 });
  });

  it('gives an event id that two messages of a batch name to the first of them', async () => {
    const first = harness.planned(graph);
    const second = harness.planned(graph, { eventId: first.event.eventId });
    expect(await harness.ingest([first, second])).toMatchObject({ fresh: 1, quarantined: 1 });
    const { rows } = await harness.pool.query('select message_id from bus.event where event_id = $1', [
      first.event.eventId,
    ]);
    expect(rows).toEqual([{ message_id: first.event.messageId }]);
  });

  it('stores an event that was cancelled before it arrived, without executions', async () => {
    const event = harness.planned(graph);
    const reference = { source: 'spec', messageId: event.event.messageId };
    expect(await harness.control.cancel(reference)).toEqual({ outcome: 'cancelled', executions: [] });
    const fresh = harness.planned(graph);
    const batch = await harness.batch([event, fresh]);
    harness.pool.statements.reset();
    expect(await harness.inbox.ingest(batch)).toEqual({
      outcome: 'stored',
      started: [{ eventId: fresh.event.eventId, operationId }],
      fresh: 2,
      repeated: 0,
      quarantined: 0,
    });
    expect(sent()).toHaveLength(2);
    expect(await count('event', event)).toBe(1);
    expect(await harness.store.states(event.event.eventId)).toEqual({
      'dedupe.now': 'cancelled',
      'dedupe.later': 'cancelled',
    });
    expect(await harness.ingest([again(event)])).toMatchObject({ fresh: 0, repeated: 1, started: [] });
    expect((await harness.control.cancel(reference)).outcome).toBe('already_cancelled');
  });

  it('starts an event at the time it was rescheduled to before it arrived, plus the delay of the operation', async () => {
    const event = harness.planned(graph, { deliverAt: '2090-01-01T00:00:00Z' });
    const reference = { source: 'spec', messageId: event.event.messageId };
    await harness.control.reschedule(reference, '2098-01-01T00:00:00Z');
    expect(await harness.control.reschedule(reference, '2099-01-01T00:00:00.000001Z')).toEqual({
      outcome: 'rescheduled',
      executions: [],
    });
    expect(await harness.ingest([event, harness.planned(graph)])).toMatchObject({ fresh: 2, quarantined: 0 });
    const { rows } = await harness.pool.query(
      'select due_at::text as at from bus.due where event_id = $1 order by due_at',
      [event.event.eventId],
    );
    expect(rows).toEqual([{ at: '2099-01-01 00:00:00.000001+00' }, { at: '2099-01-01 00:01:00.000001+00' }]);
    expect((await harness.control.getEvent(reference))?.event.deliverAt).toBe('2099-01-01T00:00:00.000Z');
    expect(await harness.ingest([again(event)])).toMatchObject({ fresh: 0, repeated: 1 });
  });

  it('keeps cancelled what was rescheduled and then cancelled before it arrived', async () => {
    const event = harness.planned(graph);
    const reference = { source: 'spec', messageId: event.event.messageId };
    await harness.control.reschedule(reference, '2099-01-01T00:00:00Z');
    expect((await harness.control.cancel(reference)).outcome).toBe('cancelled');
    expect((await harness.control.reschedule(reference, '2099-01-01T00:00:00Z')).outcome).toBe('too_late');
    expect(await harness.ingest([event])).toMatchObject({ fresh: 1, started: [] });
    expect(await harness.store.states(event.event.eventId)).toEqual({
      'dedupe.now': 'cancelled',
      'dedupe.later': 'cancelled',
    });
  });

  it('keeps a placeholder for its own event when another one with its id cannot be stored', async () => {
    const taken = harness.planned(graph);
    await harness.ingest([taken]);
    const event = harness.planned(graph, { eventId: taken.event.eventId });
    const reference = { source: 'spec', messageId: event.event.messageId };
    await harness.control.cancel(reference);
    expect(await harness.ingest([event])).toMatchObject({ fresh: 0, quarantined: 1 });
    const { rows } = await harness.pool.query(
      'select event_id, content_hash, cancelled_at is not null as cancelled from bus.event_identity where identity = $1',
      [event.identity],
    );
    expect(rows).toEqual([{ event_id: null, content_hash: null, cancelled: true }]);
  });
});
