import type { RunnableGraph } from '@bus/domain';
import type { InboxBatch, PlannedEvent } from '../event-inbox';
import { InboxHarness, untilWaiting } from '../testing';
import { PostgresEventInbox } from './event-inbox.repository';

describe(`${PostgresEventInbox.name}: several partitions together`, () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;
  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('together.event', [
      { name: 'together.plain' },
      { name: 'together.ordered', ordered: true },
    ]);
  });
  afterAll(() => harness.close());

  const batches = (...events: PlannedEvent[][]) =>
    Promise.all(events.map((some, partition) => harness.batch(some, { partition })));
  const planned = (over = {}) => harness.planned(graph, over);
  const partitions = async (events: readonly PlannedEvent[]) => {
    const { rows } = await harness.pool.query<{ event_id: string; broker_partition: number }>(
      'select event_id, broker_partition from bus.event where event_id = any ($1)',
      [events.map(({ event }) => event.eventId)],
    );
    const of = new Map(rows.map((row) => [row.event_id, row.broker_partition]));
    return events.map(({ event }) => of.get(event.eventId) ?? null);
  };

  it('stores each event with its own partition, moves every position and starts what has no reason to wait', async () => {
    const [one, two, three] = [planned({ key: 'a' }), planned({ key: 'b' }), planned({ key: 'a' })];
    const given = await batches([one, three], [two]);
    const outcome = await harness.inbox.ingestTogether(given);
    expect(outcome).toMatchObject({ outcome: 'stored', fresh: 3, repeated: 0 });
    // The second of key `a` waits behind the first.
    expect(outcome.outcome === 'stored' && outcome.started).toHaveLength(5);
    expect(await partitions([one, two, three])).toEqual([0, 1, 0]);
    expect([await harness.position(0), await harness.position(1)]).toEqual(given.map(({ next }) => next));
  });

  it('counts what was stored before, and obeys a cancel that came first', async () => {
    const [again, cancelled, fresh] = [planned(), planned(), planned()];
    await harness.ingest([again]);
    await harness.control.cancel(harness.reference(cancelled));
    const outcome = await harness.inbox.ingestTogether(await batches([again, fresh], [cancelled]));
    expect(outcome).toMatchObject({ outcome: 'stored', fresh: 2, repeated: 1 });
    expect(await harness.homes(cancelled)).toEqual({});
    expect(await harness.homes(fresh)).toEqual({ in_flight: 2 });
  });

  const shift = (given: readonly InboxBatch[]) =>
    given.map((batch, index) =>
      index === 1 ? { ...batch, start: batch.start + 1n, next: batch.next + 1n } : batch,
    );
  const inTheWay: [what: string, given: () => Promise<InboxBatch[]>][] = [
    [
      'a position has moved',
      async () => shift(await batches([planned()], [])).map((batch) => ({ ...batch })),
    ],
    [
      'a graph is no longer active',
      async () => batches([planned()], [{ ...planned(), graphId: 999_999, executions: [] }]),
    ],
    [
      'a message has other content than the one stored before',
      async () => {
        await harness.ingest([planned({ messageId: 'conflict' })]);
        return batches([planned()], [planned({ messageId: 'conflict', payload: '{"other":1}' })]);
      },
    ],
    [
      'an event id is taken',
      async () => {
        const first = planned();
        await harness.ingest([first]);
        return batches([planned()], [planned({ eventId: first.event.eventId })]);
      },
    ],
    [
      'a reschedule came first',
      async () => {
        const late = planned();
        await harness.control.reschedule(harness.reference(late), '2030-01-01T00:00:00Z');
        return batches([planned()], [late]);
      },
    ],
    [
      'a message stands in two of them',
      async () => batches([planned({ messageId: 'twice' })], [planned({ messageId: 'twice' })]),
    ],
  ];
  it.each(inTheWay)('writes nothing where %s', async (_, given) => {
    const together = await given();
    const before = [await harness.position(0), await harness.position(1)];
    expect(await harness.inbox.ingestTogether(together)).toEqual({ outcome: 'apart' });
    expect([await harness.position(0), await harness.position(1)]).toEqual(before);
    expect(await harness.homes(together[0].events[0])).toEqual({});
  });

  it.each([
    ['no batch', [] as Partial<InboxBatch>[]],
    ['several logs', [{}, { partition: 1, logId: 'another' }]],
    ['two batches of one partition', [{}, {}]],
    ['quarantine', [{}, { partition: 1, quarantined: [{}] as never }]],
  ])('is not asked for %s', async (_, overs) => {
    const given = await Promise.all(overs.map((over) => harness.batch([planned()], over)));
    await expect(harness.inbox.ingestTogether(given)).rejects.toThrow(RangeError);
  });

  it('lets one of two replicas go on that hold the same partitions for a moment, in whatever order they name them', async () => {
    const one = await batches([planned()], [planned()]);
    const two = (await batches([planned()], [planned()])).reverse();
    const deadlocks = harness.pool.transactionsAgain;
    const gate = await harness.pool.connect();
    try {
      await gate.query('begin');
      await gate.query('select from bus.consumer_offset where log_id = $1 for update', [harness.logId]);
      const racing = Promise.all([one, two].map((given) => harness.inbox.ingestTogether(given)));
      await untilWaiting(harness.pool, 2);
      await gate.query('commit');
      const outcomes = (await racing).map(({ outcome }) => outcome);
      expect(outcomes.sort()).toEqual(['apart', 'stored']);
      expect(harness.pool.transactionsAgain).toBe(deadlocks);
    } finally {
      gate.release();
    }
  });
});
