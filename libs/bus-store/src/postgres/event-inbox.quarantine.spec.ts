import type { RunnableGraph } from '@bus/domain';
import type { InboxBatch, PlannedEvent } from '../event-inbox';
import { InboxHarness } from '../testing';
import { PostgresEventInbox } from './event-inbox.repository';

describe(`${PostgresEventInbox.name}: quarantine`, () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;

  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('bad.event', [
      { name: 'bad.now' },
      { name: 'bad.lane', ordered: true },
    ]);
  });
  beforeEach(() => harness.pool.query('truncate bus.quarantine'));
  afterAll(() => harness.close());

  const damaged = (over: Partial<PlannedEvent['event']>): PlannedEvent => {
    const planned = harness.planned(graph, { key: 'lane' });
    return { ...planned, event: { ...planned.event, ...over } };
  };

  it('trap-03: keeps the bad rows of a batch raw and stores all others, in one transaction', async () => {
    const events = Array.from({ length: 60 }, (_, index) => harness.planned(graph, { key: `k${index % 7}` }));
    const bad = new Map<number, PlannedEvent>([
      [0, damaged({ payload: '"\0"' })],
      [17, damaged({ occurredAt: 'yesterday-ish' })],
      [18, damaged({ eventId: 'no-uuid' })],
      [59, damaged({ deliverAt: '9'.repeat(40) })],
    ]);
    bad.forEach((event, index) => (events[index] = event));
    const batch = await harness.batch(events);
    const outcome = await harness.inbox.ingest(batch);
    expect(outcome).toMatchObject({ outcome: 'stored', fresh: 56, repeated: 0, quarantined: 4 });
    expect(await harness.position()).toBe(batch.next);
    const { rows } = await harness.pool.query<{ broker_offset: string; fault: string; value: Buffer }>(
      'select broker_offset, fault, value from bus.quarantine order by broker_offset',
    );
    expect(rows).toEqual(
      [...bad.keys()].map((index) => ({
        broker_offset: (batch.start + BigInt(index)).toString(),
        fault: 'not_storable',
        value: batch.events[index].record.value,
      })),
    );
    const { rowCount } = await harness.pool.query(
      'select from bus.event_identity where identity = any ($1)',
      [[...bad.values()].map((event) => event.identity)],
    );
    expect(rowCount).toBe(0);
    // The others are placed as ever: one head per lane, the rest behind it.
    const { rows: lanes } = await harness.pool.query(
      'select key, next_place::int from bus.lane order by key',
    );
    expect(lanes).toHaveLength(7);
    expect(lanes.reduce((sum, lane) => sum + lane.next_place, 0)).toBe(56);
  });

  it('keeps what could not be decoded beside the events of its batch, and what is odd about it', async () => {
    const record: InboxBatch['quarantined'][number]['record'] = {
      partition: 0,
      offset: 0n,
      key: null,
      value: null,
      headers: [
        ['nul\0name', Buffer.from([0, 255])],
        ['lone\ud800', Buffer.alloc(0)],
        ['twice', Buffer.from('1')],
        ['twice', Buffer.from('2')],
      ],
      appendedAt: new Date(Number.NaN),
    };
    const event = harness.planned(graph);
    const batch = await harness.batch([event], {
      quarantined: [
        { record: { ...record, offset: 0n }, fault: 'null_value', detail: 'nothing\0 to "read" \udfff' },
        {
          record: { ...record, offset: 1n, appendedAt: new Date(8_640_000_000_000_000) },
          fault: 'bad_utf8',
          detail: 'x'.repeat(9_999),
        },
      ],
    });
    const offsets = batch.quarantined.map((row, index) => ({
      ...row,
      record: { ...row.record, offset: batch.start + 1n + BigInt(index) },
    }));
    expect(await harness.inbox.ingest({ ...batch, quarantined: offsets })).toMatchObject({
      fresh: 1,
      quarantined: 2,
    });
    expect(await harness.position()).toBe(batch.next);
    const { rows } = await harness.pool.query('select * from bus.quarantine order by broker_offset');
    expect(rows[0]).toMatchObject({
      fault: 'null_value',
      detail: 'nothing\uFFFD to "read" \uFFFD',
      key: null,
      value: null,
      headers: [
        [`base64:${Buffer.from('nul\0name').toString('base64')}`, 'AP8='],
        [`base64:${Buffer.from('lone\ud800').toString('base64')}`, ''],
        ['twice', 'MQ=='],
        ['twice', 'Mg=='],
      ],
    });
    expect(rows[1].detail).toHaveLength(500);
  });

  it('trap-04: never moves on over a record that quarantine could not keep', async () => {
    await harness.pool.query(
      'alter table bus.quarantine add constraint full_disk check (detail <> $$boom$$)',
    );
    const event = harness.planned(graph);
    const batch = await harness.batch([event], {
      quarantined: [{ record: { ...event.record, offset: 9n }, fault: 'not_json', detail: 'boom' }],
    });
    await expect(harness.inbox.ingest(batch)).rejects.toThrow('full_disk');
    expect(await harness.position()).toBe(batch.start);
    expect(
      (await harness.pool.query('select from bus.event where event_id = $1', [event.event.eventId])).rowCount,
    ).toBe(0);
    await harness.pool.query('alter table bus.quarantine drop constraint full_disk');
    expect(await harness.inbox.ingest(batch)).toMatchObject({ fresh: 1, quarantined: 1 });
  });
});
