import type { RunnableGraph } from '@bus/domain';
import type { PlannedEvent } from '../event-inbox';
import { migrateStore } from '../data-source';
import { InboxHarness } from '../testing';
import { createStorePool } from './connection';
import { PostgresEventInbox } from './event-inbox.repository';

describe(`${PostgresEventInbox.name}: lanes`, () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;
  let ordered: number;
  let dependent: number;

  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('lane.event', [
      { name: 'lane.first' },
      { name: 'lane.ordered', ordered: true },
      { name: 'lane.dependent', ordered: true, dependsOn: ['lane.first'] },
    ]);
    [, ordered, dependent] = graph.operations.map((operation) => operation.operationId);
  });
  beforeEach(() => harness.pool.query('truncate bus.lane, bus.waiting, bus.due, bus.in_flight'));
  afterAll(() => harness.close());

  const idOf = (planned: PlannedEvent) => planned.event.eventId;
  const lane = async (operationId: number, key: string) =>
    (
      await harness.pool.query(
        'select head_event_id as head, next_place::int as next from bus.lane where operation_id = $1 and key = $2',
        [operationId, key],
      )
    ).rows[0];
  const waiting = async (operationId: number) =>
    (
      await harness.pool.query(
        `select event_id as id, key, place::int, pending from bus.waiting
          where operation_id = $1 order by key, place nulls first`,
        [operationId],
      )
    ).rows;
  const startedIn = async (operationId: number) =>
    (
      await harness.pool.query<{ event_id: string }>(
        'select event_id from bus.in_flight where operation_id = $1',
        [operationId],
      )
    ).rows.map((row) => row.event_id);

  it.each([false, true])(
    'starts the head of each lane and gives the others places in log order (step by step: %s)',
    async (stepwise) => {
      const keys = ['b', 'a', 'b', 'Z', 'a', 'b'];
      const events = keys.map((key) => harness.planned(graph, { key }));
      const batch = await harness.batch(events);
      const quarantined = stepwise
        ? [{ record: { ...events[0].record, offset: batch.next }, fault: 'not_json' as const, detail: 'x' }]
        : [];
      const outcome = await harness.inbox.ingest({
        ...batch,
        quarantined,
        next: batch.next + BigInt(quarantined.length),
      });
      const heads = [events[0], events[1], events[3]].map(idOf);
      expect((await startedIn(ordered)).sort()).toEqual([...heads].sort());
      expect(
        outcome.outcome === 'stored' &&
          outcome.started
            .filter((row) => row.operationId === ordered)
            .map((row) => row.eventId)
            .sort(),
      ).toEqual([...heads].sort());
      expect(await lane(ordered, 'b')).toEqual({ head: idOf(events[0]), next: 3 });
      expect(await waiting(ordered)).toEqual([
        { id: idOf(events[4]), key: 'a', place: 1, pending: [] },
        { id: idOf(events[2]), key: 'b', place: 1, pending: [] },
        { id: idOf(events[5]), key: 'b', place: 2, pending: [] },
      ]);
    },
  );

  it('gives places across batches, one after another', async () => {
    const events = Array.from({ length: 5 }, () => harness.planned(graph, { key: 'k' }));
    await harness.ingest(events.slice(0, 2));
    expect(await harness.ingest(events.slice(2))).toMatchObject({
      started: expect.not.arrayContaining([expect.objectContaining({ operationId: ordered })]),
    });
    expect(await startedIn(ordered)).toEqual([idOf(events[0])]);
    expect((await waiting(ordered)).map((row) => [row.id, row.place])).toEqual(
      events.slice(1).map((event, index) => [idOf(event), index + 1]),
    );
    expect(await lane(ordered, 'k')).toEqual({ head: idOf(events[0]), next: 5 });
  });

  it('trap-17: gives places at ingest also to what still waits for a dependency; the head keeps none', async () => {
    const events = Array.from({ length: 3 }, () => harness.planned(graph, { key: 'k' }));
    await harness.ingest(events);
    const first = graph.operations[0].operationId;
    expect(await waiting(dependent)).toEqual([
      { id: idOf(events[0]), key: 'k', place: null, pending: [first] },
      { id: idOf(events[1]), key: 'k', place: 1, pending: [first] },
      { id: idOf(events[2]), key: 'k', place: 2, pending: [first] },
    ]);
  });

  it('keeps the lane for a head that has no slot', async () => {
    const events = Array.from({ length: 2 }, () => harness.planned(graph, { key: 'k', slot: false }));
    await harness.ingest(events);
    const { rows } = await harness.pool.query('select event_id, key from bus.due where operation_id = $1', [
      ordered,
    ]);
    expect(rows).toEqual([{ event_id: idOf(events[0]), key: 'k' }]);
    expect(await lane(ordered, 'k')).toEqual({ head: idOf(events[0]), next: 2 });
  });

  it('opens no lane for a delayed, a skipped, a repeated or a cancelled execution', async () => {
    const cancelled = harness.planned(graph, { key: 'k' });
    await harness.control.cancel({ source: 'spec', messageId: cancelled.event.messageId });
    const skipped = new Map([
      [ordered, 'no' as const],
      [dependent, 'no' as const],
    ]);
    await harness.ingest([
      harness.planned(graph, { key: 'k', deliverAt: '2099-01-01T00:00:00Z' }),
      harness.planned(graph, { key: 'k', verdicts: skipped }),
      cancelled,
      harness.planned(graph),
    ]);
    expect(await harness.store.count('lane')).toBe(0);
    const { rows } = await harness.pool.query('select key from bus.due where operation_id = $1', [ordered]);
    expect(rows).toEqual([{ key: 'k' }]);
    await harness.ingest([harness.planned(graph, { key: 'k' })]);
    expect(await lane(ordered, 'k')).toMatchObject({ next: 1 });
  });

  it('queues behind a blocked head', async () => {
    const [head, next] = [harness.planned(graph, { key: 'k' }), harness.planned(graph, { key: 'k' })];
    await harness.ingest([head]);
    await harness.pool.query('update bus.lane set blocked_by = head_event_id');
    await harness.ingest([next]);
    expect((await waiting(ordered)).map((row) => row.id)).toEqual([idOf(next)]);
    expect((await harness.store.states(idOf(next)))['lane.ordered']).toBe('held');
  });

  it("trap-42: locks the lanes of a batch in the order of their bytes, whatever the database's collation", async () => {
    const keys = ['b', 'B', 'a', 'A', 'ä', 'z', '_', '-'];
    const admin = process.env['TEST_DATABASE_URL'] ?? '';
    const name = `collation_${process.pid}`;
    await harness.pool.query(
      `create database ${name} template template0 locale_provider icu icu_locale 'en-US'`,
    );
    const url = new URL(admin);
    url.pathname = `/${name}`;
    await migrateStore(url.href);
    const pool = createStorePool({ connectionString: url.href, applicationName: 'collation-spec' });
    try {
      const inbox = new PostgresEventInbox(pool);
      const batch = await harness.batch(keys.map((key) => harness.planned(graph, { key })));
      // The graph is of the other database: unrouted here, but placed all the same.
      const events = batch.events.map((planned) => ({ ...planned, graphId: null }));
      await inbox.positions(batch.logId, new Map([[batch.partition, batch.start]]));
      expect(await inbox.ingest({ ...batch, events })).toMatchObject({ fresh: keys.length });
      const { rows } = await pool.query<{ key: string; heads: boolean }>(
        `select l.key, l.head_event_id = e.event_id as heads from bus.lane l join bus.event e using (key)
          where l.operation_id = $1 order by l.ctid`,
        [ordered],
      );
      const bytes = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(rows).toEqual(bytes.map((key) => ({ key, heads: true })));
    } finally {
      await pool.end();
      await harness.pool.query(`drop database ${name} with (force)`);
    }
  });
});
