import type { RunnableGraph } from '@bus/domain';
import { InboxHarness } from '../testing';
import { PostgresEventInbox } from './event-inbox.repository';

describe(PostgresEventInbox, () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;
  /** Operation ids: a, b, c (depends on a), d (depends on a and b). */
  let ids: number[];

  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('spec.event', [
      { name: 'spec.a' },
      { name: 'spec.b', timeoutMs: 20_000 },
      { name: 'spec.c', dependsOn: ['spec.a'] },
      { name: 'spec.d', dependsOn: ['spec.a', 'spec.b'] },
    ]);
    ids = graph.operations.map((operation) => operation.operationId);
  });
  afterAll(() => harness.close());

  const stored = (over: object) => ({
    outcome: 'stored',
    fresh: 0,
    repeated: 0,
    quarantined: 0,
    started: [],
    ...over,
  });

  it('stores a batch in one statement and starts what may start', async () => {
    const events = [harness.planned(graph), harness.planned(graph, { key: 'ключ "1"\\' })];
    const batch = await harness.batch(events);
    harness.pool.statements.reset();
    const outcome = await harness.inbox.ingest(batch);
    expect(harness.pool.statements.total).toBe(1);
    const started = events.flatMap(({ event }) =>
      ids.slice(0, 2).map((operationId) => ({ eventId: event.eventId, operationId })),
    );
    expect(outcome).toEqual(stored({ fresh: 2, started }));
    expect(await harness.position()).toBe(batch.next);
    const { rows } = await harness.pool.query('select * from bus.event where event_id = $1', [
      events[1].event.eventId,
    ]);
    expect(rows).toEqual([
      expect.objectContaining({
        source: 'spec',
        message_id: events[1].event.messageId,
        key: 'ключ "1"\\',
        payload: events[1].event.payload,
        occurred_at: new Date('2026-01-02T03:04:05.678Z'),
        graph_id: graph.graphId,
        broker_partition: 0,
        broker_offset: batch.events[1].offset.toString(),
      }),
    ]);
    expect(await harness.store.states(events[0].event.eventId)).toEqual({
      'spec.a': 'in_flight',
      'spec.b': 'in_flight',
      'spec.c': 'waiting',
      'spec.d': 'waiting',
    });
    const { rows: identities } = await harness.pool.query(
      `select prune_after - (clock_timestamp() at time zone 'UTC')::date as days from bus.event_identity where identity = $1`,
      [events[0].identity],
    );
    expect(identities).toEqual([{ days: 90 }]);
  });

  it('leases each attempt for its own time, to this dispatcher, counted once', async () => {
    const event = harness.planned(graph);
    await harness.ingest([event], { dispatcherId: 77 });
    const { rows } = await harness.pool.query(
      `select operation_id, attempt, counted, dispatcher_id,
              round(extract(epoch from lease_until - clock_timestamp()))::int as lease_s
         from bus.in_flight where event_id = $1 order by operation_id`,
      [event.event.eventId],
    );
    expect(rows).toEqual([
      { operation_id: ids[0], attempt: 1, counted: 1, dispatcher_id: 77, lease_s: 15 },
      { operation_id: ids[1], attempt: 1, counted: 1, dispatcher_id: 77, lease_s: 60 },
    ]);
  });

  it('puts what has no slot into due at once', async () => {
    const event = harness.planned(graph, { slot: false });
    expect(await harness.ingest([event])).toEqual(stored({ fresh: 1 }));
    const { rows } = await harness.pool.query(
      `select operation_id, attempt, counted, key, pending, due_at <= clock_timestamp() as due
         from bus.due where event_id = $1 order by operation_id`,
      [event.event.eventId],
    );
    expect(rows).toEqual(
      ids
        .slice(0, 2)
        .map((operation_id) => ({ operation_id, attempt: 0, counted: 0, key: null, pending: [], due: true })),
    );
  });

  it('records a filtered execution as skipped and lets it satisfy its dependents', async () => {
    const event = harness.planned(graph, { verdicts: new Map([[ids[0], 'no']]) });
    const outcome = await harness.ingest([event]);
    expect(outcome).toMatchObject({ started: ids.slice(1, 3).map((operationId) => ({ operationId })) });
    const { rows } = await harness.pool.query(
      'select operation_id, attempt, outcome, code, duration_ms from bus.attempt where event_id = $1',
      [event.event.eventId],
    );
    expect(rows).toEqual([
      { operation_id: ids[0], attempt: 1, outcome: 1, code: 'filtered', duration_ms: null },
    ]);
    const { rows: waiting } = await harness.pool.query(
      'select operation_id, pending from bus.waiting where event_id = $1',
      [event.event.eventId],
    );
    expect(waiting).toEqual([{ operation_id: ids[3], pending: [ids[1]] }]);
  });

  it('keeps a delayed execution in due with its dependencies, never before now', async () => {
    const later = harness.planned(graph, { deliverAt: '2099-01-01T00:00:00.123456Z' });
    const past = harness.planned(graph, { deliverAt: '2020-01-01T00:00:00Z' });
    const { rows: clock } = await harness.pool.query('select clock_timestamp()::text as now');
    expect(await harness.ingest([later, past])).toEqual(stored({ fresh: 2 }));
    const { rows } = await harness.pool.query(
      'select operation_id, due_at::text, pending from bus.due where event_id = $1 order by operation_id',
      [later.event.eventId],
    );
    expect(rows).toEqual([
      { operation_id: ids[0], due_at: '2099-01-01 00:00:00.123456+00', pending: [] },
      { operation_id: ids[1], due_at: '2099-01-01 00:00:00.123456+00', pending: [] },
      { operation_id: ids[2], due_at: '2099-01-01 00:00:00.123456+00', pending: [ids[0]] },
      { operation_id: ids[3], due_at: '2099-01-01 00:00:00.123456+00', pending: [ids[0], ids[1]] },
    ]);
    const { rows: early } = await harness.pool.query(
      'select from bus.due where event_id = $1 and due_at < $2::timestamptz',
      [past.event.eventId, clock[0].now],
    );
    expect(early).toEqual([]);
  });

  it("adds an operation's own delay to the event's time, or to now", async () => {
    const delayed = await harness.store.graph('spec.delayed', [{ name: 'spec.delayed', delayMs: 60_000 }]);
    const [at, now] = [
      harness.planned(delayed, { deliverAt: '2099-01-01T00:00:00Z' }),
      harness.planned(delayed),
    ];
    await harness.ingest([at, now]);
    const { rows } = await harness.pool.query(
      `select due_at::text, round(extract(epoch from due_at - clock_timestamp()))::float8 as in_s
         from bus.due where event_id = any ($1) order by due_at desc`,
      [[at.event.eventId, now.event.eventId]],
    );
    expect([rows[0].due_at, rows[1].in_s]).toEqual(['2099-01-01 00:01:00+00', 60]);
  });

  it('stores an event without a graph as unrouted', async () => {
    const event = harness.planned(null);
    expect(await harness.ingest([event])).toEqual(stored({ fresh: 1 }));
    const { rows } = await harness.pool.query('select graph_id from bus.event where event_id = $1', [
      event.event.eventId,
    ]);
    expect(rows).toEqual([{ graph_id: null }]);
  });
});
