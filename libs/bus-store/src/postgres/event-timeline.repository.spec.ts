import type { TestDatabase } from '@bus/embedded-postgres';
import type { EventSearch } from '../event-timeline';
import { createStoreDatabase, HistorySeed } from '../testing';
import { createStorePool, type StorePool } from './connection';
import { PostgresEventTimeline } from './event-timeline.repository';
import { UnknownCursorError } from './page-cursor';
import { SlowReadError, readSnapshot } from './read-snapshot';

const endpoint = 'tcp://127.0.0.1:4101';
const eventType = 'order.paid';
const DAY_MS = 24 * 60 * 60 * 1000;
const first = { limit: 50, cursor: null };

describe(PostgresEventTimeline, () => {
  let database: TestDatabase;
  let pool: StorePool;
  let seed: HistorySeed;
  let timeline: PostgresEventTimeline;
  let ids: Record<string, number>;

  beforeEach(async () => {
    database = await createStoreDatabase('timeline');
    pool = createStorePool({ connectionString: database.url, applicationName: 'timeline-spec' });
    seed = new HistorySeed(pool);
    timeline = new PostgresEventTimeline(pool);
    ids = await seed.operations({
      'points.grant': { eventType, endpoint, ordered: true },
      'coupons.issue': { eventType, endpoint },
      'wechat.notify': { eventType, endpoint, dependsOn: ['coupons.issue'] },
    });
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  const id = (name: string) => ids[name] ?? 0;
  const find = async (search: Omit<EventSearch, 'range'>, range: EventSearch['range'] = null) =>
    (await timeline.search({ ...search, range }, first)).rows.map((event) => event.messageId);
  const lastDay = () => ({ from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + DAY_MS) });

  it('lists events newest first and goes on at the cursor without missing or repeating one', async () => {
    const now = Date.now();
    for (let index = 0; index < 5; index++) await seed.event({ at: new Date(now - index * 60_000) });

    const one = await timeline.search({ range: null }, { limit: 2, cursor: null });
    const two = await timeline.search({ range: null }, { limit: 2, cursor: one.nextCursor });
    const three = await timeline.search({ range: null }, { limit: 2, cursor: two.nextCursor });

    expect([one, two, three].map((page) => page.rows.map((event) => event.messageId))).toEqual([
      ['message-1', 'message-2'],
      ['message-3', 'message-4'],
      ['message-5'],
    ]);
    expect(three.nextCursor).toBeNull();
  });

  it.each(['x', 'WzFd', Buffer.from('["not-a-uuid"]').toString('base64url')])(
    'refuses the cursor %s that it never gave',
    async (cursor) => {
      await expect(timeline.search({ range: null }, { limit: 2, cursor })).rejects.toThrow(
        UnknownCursorError,
      );
    },
  );

  it('finds an event by source and message id without a time range', async () => {
    await seed.event({ source: 'payments', messageId: 'a', at: new Date('2020-01-01') });
    await seed.event({ source: 'orders', messageId: 'a' });

    const found = await timeline.search({ source: 'payments', messageId: 'a', range: null }, first);

    expect(found.rows).toMatchObject([{ source: 'payments', occurredAt: new Date('2020-01-01') }]);
    expect(await find({ source: 'payments', messageId: 'b' })).toEqual([]);
  });

  it('finds events by type, key, message id, source and order number within a time range', async () => {
    await seed.event({ messageId: 'old', key: 'user-7', at: new Date(Date.now() - 2 * DAY_MS) });
    await seed.event({ messageId: 'one', key: 'user-7', payload: { orderId: '1234' } });
    await seed.event({ messageId: 'two', type: 'order.created', payload: { orderId: 1234 } });
    await seed.event({ messageId: 'three', source: 'shop', payload: { note: '1234', orderId: 'é/"1"' } });
    await seed.event({ messageId: 'four', payload: ['1234'] });

    expect(await find({ key: 'user-7' }, lastDay())).toEqual(['one']);
    expect(await find({ type: 'order.created' }, lastDay())).toEqual(['two']);
    expect(await find({ messageId: 'three' }, lastDay())).toEqual(['three']);
    expect(await find({ source: 'shop' }, lastDay())).toEqual(['three']);
    expect((await find({ orderId: '1234' }, lastDay())).sort()).toEqual(['one', 'two']);
    expect(await find({ orderId: 'é/"1"' }, lastDay())).toEqual(['three']);
    expect(await find({ orderId: `1234' or true --` }, lastDay())).toEqual([]);
  });

  it('reads the day partitions of its range alone, by their primary keys', async () => {
    const { from, to } = { from: new Date(Date.now() - 60_000), to: new Date() };
    const { rows } = await pool.query(
      `explain (costs off) select 1 from bus.event e
        where e.event_id >= bus.first_event_id($1::timestamptz) and e.event_id < bus.first_event_id($2::timestamptz)
        order by e.event_id desc limit 50`,
      [from, to],
    );
    const plan = JSON.stringify(rows);
    expect(plan).toContain('Index Cond');
    expect(plan).not.toContain('Seq Scan');
    const threeDaysAhead = new Date(Date.now() + 3 * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
    expect(plan).not.toContain(`event_${threeDaysAhead}`);
  });

  it('counts the executions of each found event by state', async () => {
    const eventId = await seed.event();
    await seed.attempt(eventId, id('points.grant'), 'completed');
    await seed.due(eventId, id('coupons.issue'), 60_000, 2);
    await seed.waiting(eventId, id('wechat.notify'), { pending: [id('coupons.issue')] });
    await seed.event({ type: 'order.created', messageId: 'unrouted' });

    expect((await timeline.search({ range: null }, first)).rows).toMatchObject([
      { messageId: 'unrouted', unrouted: true, states: {} },
      { unrouted: false, states: { completed: 1, retrying: 1, waiting: 1 } },
    ]);
  });

  it('tells each execution with its attempts, its due time and what it waits for', async () => {
    const head = await seed.event({ messageId: 'before', key: 'user-7' });
    const eventId = await seed.event({
      messageId: 'mine',
      key: 'user-7',
      payload: { orderId: '1', big: 1.5 },
    });
    await seed.inFlight(head, id('points.grant'));
    await seed.lane(id('points.grant'), 'user-7', head);
    await seed.waiting(eventId, id('points.grant'), { key: 'user-7', place: 4 });
    await seed.attempt(eventId, id('coupons.issue'), 'unreachable', { attempt: 1, code: 'refused' });
    await seed.attempt(eventId, id('coupons.issue'), 'timeout', { attempt: 2, durationMs: 5000 });
    await seed.due(eventId, id('coupons.issue'), 60_000, 2);
    await seed.waiting(eventId, id('wechat.notify'), { pending: [id('coupons.issue')] });

    const view = await timeline.timeline(eventId);

    expect(view?.event).toMatchObject({
      eventId,
      messageId: 'mine',
      payload: '{"orderId":"1","big":1.5}',
      graphVersion: 1,
      cancelledAt: null,
    });
    expect(view?.executions.map((execution) => [execution.operation, execution.state])).toEqual([
      ['coupons.issue', 'retrying'],
      ['points.grant', 'waiting'],
      ['wechat.notify', 'waiting'],
    ]);
    const [coupon, points, wechat] = view?.executions ?? [];
    expect(coupon?.attempts.map((attempt) => [attempt.attempt, attempt.outcome, attempt.durationMs])).toEqual(
      [
        [1, 'unreachable', null],
        [2, 'timeout', 5000],
      ],
    );
    expect(coupon?.dueAt?.getTime()).toBeGreaterThan(view?.readAt.getTime() ?? Infinity);
    expect(points?.lane).toEqual({
      key: 'user-7',
      head: { eventId: head, source: 'payments', messageId: 'before' },
      blocked: false,
    });
    expect(wechat?.dependencies).toEqual([{ operation: 'coupons.issue', dead: false }]);
  });

  it('tells what is dead, what is held by it, and what was cancelled', async () => {
    const eventId = await seed.event();
    await seed.attempt(eventId, id('coupons.issue'), 'rejected', { code: 'out_of_stock' });
    await seed.deadLetter(eventId, id('coupons.issue'), 'rejected', {
      code: 'out_of_stock',
      reason: 'none left',
    });
    await seed.waiting(eventId, id('wechat.notify'), { pending: [id('coupons.issue')] });
    await seed.attempt(eventId, id('points.grant'), 'skipped', { code: 'filtered' });
    const cancelled = await seed.event({ cancelled: true });

    const view = await timeline.timeline(eventId);
    expect(view?.executions).toMatchObject([
      { state: 'rejected', deadLetter: { cause: 'rejected', code: 'out_of_stock', reason: 'none left' } },
      { state: 'skipped', attempts: [{ outcome: 'skipped', code: 'filtered' }] },
      { state: 'held', dependencies: [{ operation: 'coupons.issue', dead: true }] },
    ]);
    const other = await timeline.timeline(cancelled);
    expect(other?.event.cancelledAt).toBeInstanceOf(Date);
    expect(other?.executions.map((execution) => execution.state)).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
  });

  it('knows a message that was cancelled before it arrived', async () => {
    await pool.query(
      `insert into bus.event_identity (identity, cancelled_at, prune_after)
       values (bus.identity_of('orders', 'early'), clock_timestamp(), current_date)`,
    );
    await seed.event({ messageId: 'arrived', cancelled: true });

    expect(await timeline.placeholder({ source: 'orders', messageId: 'early' })).toEqual({
      source: 'orders',
      messageId: 'early',
      cancelledAt: expect.any(Date),
      deliverAt: null,
    });
    expect(await timeline.placeholder({ source: 'payments', messageId: 'arrived' })).toBeNull();
    expect(await timeline.placeholder({ source: 'orders', messageId: 'never' })).toBeNull();
  });

  it('knows nothing of an event that is not stored', async () => {
    expect(await timeline.timeline('00000000-0000-7000-8000-000000000000')).toBeNull();
  });
});

describe(readSnapshot, () => {
  it('gives up a statement that runs over the limit, and gives its connection back in order', async () => {
    const database = await createStoreDatabase('slow');
    const pool = createStorePool({
      connectionString: database.url,
      applicationName: 'slow-spec',
      poolSize: 1,
    });
    const slow = readSnapshot(pool, async (client) => {
      await client.query('set local statement_timeout = 20');
      await client.query('select pg_sleep(10)');
    });

    await expect(slow).rejects.toThrow(SlowReadError);
    expect(await readSnapshot(pool, async (client) => (await client.query('select 1 as one')).rows)).toEqual([
      { one: 1 },
    ]);
    await pool.end();
    await database.drop();
  });
});
