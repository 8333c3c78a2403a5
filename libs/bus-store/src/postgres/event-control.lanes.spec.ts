import type { RunnableGraph } from '@bus/domain';
import { v7 } from 'uuid';
import type { PlannedEvent } from '../event-inbox';
import { InboxHarness } from '../testing';
import { PostgresEventControlStore } from './event-control.repository';

const FAR = '2099-01-01T00:00:00Z';

describe(`${PostgresEventControlStore.name}: lanes of what was cancelled`, () => {
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

  const lane = async (key: string) =>
    (
      await harness.pool.query(
        'select head_event_id as head from bus.lane where operation_id = $1 and key = $2',
        [ids[2], key],
      )
    ).rows;
  const rowsOf = async (planned: PlannedEvent) => ({
    due: (
      await harness.pool.query('select key, attempt from bus.due where event_id = $1 and operation_id = $2', [
        planned.event.eventId,
        ids[2],
      ])
    ).rows,
    waiting: (
      await harness.pool.query(
        'select place, pending from bus.waiting where event_id = $1 and operation_id = $2',
        [planned.event.eventId, ids[2]],
      )
    ).rows,
  });

  it('makes the lowest place the head and lets it start at once', async () => {
    const key = v7();
    const events = Array.from({ length: 3 }, () => harness.planned(graph, { key, slot: false }));
    await harness.ingest(events);
    expect((await harness.control.cancel(harness.reference(events[0]))).outcome).toBe('cancelled');
    expect(await lane(key)).toEqual([{ head: events[1].event.eventId }]);
    expect(await rowsOf(events[1])).toEqual({ due: [{ key, attempt: 0 }], waiting: [] });
    expect(await rowsOf(events[2])).toEqual({ due: [], waiting: [{ place: '2', pending: [] }] });
  });

  it('keeps a next head waiting for its dependencies, without a place', async () => {
    const key = v7();
    const events = Array.from({ length: 2 }, () => harness.planned(graph, { key, slot: false }));
    await harness.ingest(events);
    await harness.pool.query(
      'update bus.waiting set pending = $1 where event_id = $2 and operation_id = $3',
      [[ids[0]], events[1].event.eventId, ids[2]],
    );
    await harness.control.cancel(harness.reference(events[0]));
    expect(await lane(key)).toEqual([{ head: events[1].event.eventId }]);
    expect(await rowsOf(events[1])).toEqual({ due: [], waiting: [{ place: null, pending: [ids[0]] }] });
  });

  it('leaves the head in place when one behind it goes, and ends a lane without a next', async () => {
    const key = v7();
    const events = Array.from({ length: 2 }, () => harness.planned(graph, { key, slot: false }));
    await harness.ingest(events);
    await harness.control.cancel(harness.reference(events[1]));
    expect(await lane(key)).toEqual([{ head: events[0].event.eventId }]);
    await harness.control.cancel(harness.reference(events[0]));
    expect(await lane(key)).toEqual([]);
  });

  it('touches no lane for a delayed execution that has not joined it', async () => {
    const key = v7();
    const [head, delayed] = [
      harness.planned(graph, { key }),
      harness.planned(graph, { key, deliverAt: FAR }),
    ];
    await harness.ingest([head, delayed]);
    expect((await harness.control.cancel(harness.reference(delayed))).outcome).toBe('cancelled');
    expect(await lane(key)).toEqual([{ head: head.event.eventId }]);
  });
});
