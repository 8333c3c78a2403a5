import type { RunnableGraph } from '@bus/domain';
import { v7 } from 'uuid';
import { InboxHarness } from '../testing';
import { PostgresEventInbox } from './event-inbox.repository';

describe(`${PostgresEventInbox.name}: positions and guards`, () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;

  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('spec.event', [{ name: 'spec.a' }]);
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

  describe('positions', () => {
    it('begins an unknown partition at its log start and keeps what is stored', async () => {
      const logId = `postgres:${v7()}`;
      const first = await harness.inbox.positions(
        logId,
        new Map([
          [0, 5n],
          [1, 7n],
        ]),
      );
      expect(first).toEqual(
        new Map([
          [0, 5n],
          [1, 7n],
        ]),
      );
      const again = await harness.inbox.positions(
        logId,
        new Map([
          [0, 900n],
          [1, 900n],
          [2, 9n],
        ]),
      );
      expect(again).toEqual(
        new Map([
          [0, 5n],
          [1, 7n],
          [2, 9n],
        ]),
      );
    });

    it('never gives the position of one log to another', async () => {
      await harness.inbox.positions('kafka:one/bus.events.v1', new Map([[0, 42n]]));
      const other = await harness.inbox.positions('kafka:two/bus.events.v1', new Map([[0, 3n]]));
      expect(other).toEqual(new Map([[0, 3n]]));
    });
  });

  it('moves on over a batch that holds no events', async () => {
    const batch = await harness.batch([]);
    expect(await harness.inbox.ingest({ ...batch, next: batch.start + 1000n })).toEqual(stored({}));
    expect(await harness.position()).toBe(batch.start + 1000n);
    expect(await harness.inbox.ingest({ ...batch, start: batch.start + 1000n, next: batch.start })).toEqual(
      stored({}),
    );
  });

  it.each([false, true])(
    'writes nothing where the position has moved, and says where it is (step by step: %s)',
    async (stepwise) => {
      const batch = await harness.batch([harness.planned(graph)]);
      await harness.inbox.ingest(batch);
      const late = harness.planned(graph);
      const quarantined = stepwise ? [{ record: late.record, fault: 'not_json' as const, detail: 'x' }] : [];
      const events = [{ ...late, offset: batch.start }];
      const outcome = await harness.inbox.ingest({ ...batch, events, quarantined });
      expect(outcome).toEqual({ outcome: 'moved', position: batch.next });
      const { rowCount } = await harness.pool.query('select from bus.event_identity where identity = $1', [
        late.identity,
      ]);
      expect([rowCount, await harness.homes(late), await harness.faults()]).toEqual([0, {}, []]);
    },
  );

  it('names the missing call where a partition has no position yet', async () => {
    const batch = await harness.batch([harness.planned(graph)], { logId: 'kafka:never/seen' });
    await expect(harness.inbox.ingest(batch)).rejects.toThrow('call positions() first');
  });

  it.each([false, true])(
    'writes nothing where a graph was retired meanwhile (step by step: %s)',
    async (stepwise) => {
      const old = await harness.store.graph(`spec.retired.${stepwise}`, [
        { name: `spec.retired-${stepwise}` },
      ]);
      await harness.pool.query(`update bus.operation_graph set state = 'retired' where graph_id = $1`, [
        old.graphId,
      ]);
      const event = harness.planned(old);
      const quarantined = stepwise ? [{ record: event.record, fault: 'not_json' as const, detail: 'x' }] : [];
      const batch = await harness.batch([event]);
      expect(await harness.inbox.ingest({ ...batch, quarantined })).toEqual({ outcome: 'graph_changed' });
      expect(await harness.position()).toBe(batch.start);
      expect(
        (await harness.pool.query('select from bus.event where event_id = $1', [event.event.eventId]))
          .rowCount,
      ).toBe(0);
    },
  );

  it('writes nothing where a type got its first graph meanwhile', async () => {
    const event = harness.planned(null, { type: 'spec.routed-now' });
    await harness.store.graph('spec.routed-now', [{ name: 'spec.routed-now' }]);
    const batch = await harness.batch([event]);
    expect(await harness.inbox.ingest(batch)).toEqual({ outcome: 'graph_changed' });
  });

  it('refuses a batch that breaks what it was promised', async () => {
    const twin = harness.planned(graph);
    const batch = await harness.batch([twin, { ...twin }]);
    await expect(harness.inbox.ingest(batch)).rejects.toThrow('twins in one batch');
    const events = [
      ...(await harness.batch([harness.planned(graph), harness.planned(graph)])).events,
    ].reverse();
    await expect(harness.inbox.ingest({ ...batch, events, next: batch.next + 9n })).rejects.toThrow(
      'out of order',
    );
    const many = Array.from({ length: 501 }, () => harness.planned(null));
    await expect(harness.ingest(many)).rejects.toThrow('at most 500 events');
  });
});
