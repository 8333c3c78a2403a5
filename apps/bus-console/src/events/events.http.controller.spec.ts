import { CONSOLE_READY_MS, openConsole, type ConsoleStage } from '../testing/console-stage';

const endpoint = 'tcp://127.0.0.1:4101';
const eventType = 'order.paid';
const DAY_MS = 24 * 60 * 60 * 1000;

describe('the events of the admin API', () => {
  let stage: ConsoleStage;
  let ids: Record<string, number>;

  beforeAll(async () => {
    stage = await openConsole();
    ids = await stage.seed.operations({
      'points.grant': { eventType, endpoint },
      'coupons.issue': { eventType, endpoint },
      'wechat.notify': { eventType, endpoint, dependsOn: ['coupons.issue'] },
    });
  }, CONSOLE_READY_MS);
  afterAll(() => stage.close());

  const id = (name: string) => ids[name] ?? 0;
  const get = (query: object) => stage.http.get('/api/v1/events').query(query);

  it('finds an event by source and message id at any age, and by its order within the last 7 days', async () => {
    await stage.seed.event({ messageId: 'ancient', at: new Date('2024-01-01'), payload: { orderId: 'A-1' } });
    await stage.seed.event({ messageId: 'recent', payload: { orderId: 'A-1' } });

    const exact = await get({ source: 'payments', messageId: 'ancient' }).expect(200);
    expect(exact.body).toMatchObject({ rows: [{ messageId: 'ancient' }], nextCursor: null, searched: null });

    const byOrder = await get({ orderId: 'A-1' }).expect(200);
    expect(byOrder.body.rows).toMatchObject([{ messageId: 'recent', states: {} }]);
    const searched = Date.now() - Date.parse(byOrder.body.searched.from);
    expect(searched).toBeGreaterThanOrEqual(7 * DAY_MS);
    expect(searched).toBeLessThan(7 * DAY_MS + 60_000);

    const then = await get({ orderId: 'A-1', from: '2023-12-30T00:00:00Z', to: '2024-01-02T00:00:00+08:00' });
    expect(then.body.rows).toMatchObject([{ messageId: 'ancient' }]);
  });

  it('tells of a message that was cancelled before it arrived', async () => {
    await stage.pool.query(
      `insert into bus.event_identity (identity, cancelled_at, prune_after)
       values (bus.identity_of('orders', 'early'), clock_timestamp(), current_date)`,
    );
    const early = await get({ source: 'orders', messageId: 'early' }).expect(200);
    expect(early.body).toMatchObject({ rows: [], placeholder: { messageId: 'early', deliverAt: null } });
    const never = await get({ source: 'orders', messageId: 'never' }).expect(200);
    expect(never.body).toMatchObject({ rows: [], placeholder: null });
  });

  it('pages through all events newest first', async () => {
    for (let index = 0; index < 3; index++) await stage.seed.event({ key: 'paged' });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await get({ key: 'paged', limit: 1, cursor }).expect(200);
      seen.push(...page.body.rows.map((row: { eventId: string }) => row.eventId));
      cursor = page.body.nextCursor ?? undefined;
    } while (cursor);

    expect(seen).toHaveLength(3);
    expect(seen).toEqual([...seen].sort().reverse());
  });

  it('tells the story of an event: what happened in order, and what waits for what', async () => {
    const eventId = await stage.seed.event({
      messageId: 'story',
      payload: { orderId: '1234', amountCents: 9900 },
    });
    await stage.seed.attempt(eventId, id('points.grant'), 'completed', {
      durationMs: 12,
      output: { points: 99 },
    });
    await stage.seed.attempt(eventId, id('coupons.issue'), 'unreachable', {
      code: 'ECONNREFUSED',
      at: new Date(Date.now() + 1_000),
    });
    await stage.seed.due(eventId, id('coupons.issue'), 60_000, 1);
    await stage.seed.waiting(eventId, id('wechat.notify'), { pending: [id('coupons.issue')] });

    const { body } = await stage.http.get(`/api/v1/events/${eventId}`).expect(200);

    expect(body.event).toMatchObject({ messageId: 'story', payload: { orderId: '1234', amountCents: 9900 } });
    expect(body.executions).toMatchObject([
      { operation: 'coupons.issue', state: 'retrying', attempt: 1, attempts: [{ outcome: 'unreachable' }] },
      {
        operation: 'points.grant',
        state: 'completed',
        waitsFor: null,
        attempts: [{ output: { points: 99 } }],
      },
      { operation: 'wechat.notify', state: 'waiting', waitsFor: 'the end of coupons.issue' },
    ]);
    expect(
      body.timeline.map((moment: { operation: string | null; words: string }) => [
        moment.operation,
        moment.words,
      ]),
    ).toEqual([
      [null, 'published by payments'],
      [null, 'stored'],
      ['points.grant', 'attempt 1: completed after 12 ms'],
      ['coupons.issue', 'attempt 1: unreachable (ECONNREFUSED)'],
      [
        'coupons.issue',
        `waits for attempt 1 did not succeed; the next one starts at ${body.executions[0].dueAt}`,
      ],
      ['wechat.notify', 'waits for the end of coupons.issue'],
    ]);
  });

  it('bad-94: gives markup and formulas as the JSON text that they are', async () => {
    const payload = { orderId: '<script>alert(1)</script>', note: '=HYPERLINK("x")' };
    const eventId = await stage.seed.event({ payload });
    await stage.seed.deadLetter(eventId, id('points.grant'), 'rejected', {
      reason: '<img src=x onerror=alert(1)>',
    });

    const answer = await stage.http.get(`/api/v1/events/${eventId}`).expect(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.body.event.payload).toEqual(payload);
    const letters = await stage.http.get('/api/v1/dead-letters').expect(200);
    expect(letters.body.rows[0].reason).toBe('<img src=x onerror=alert(1)>');
  });

  it.each([
    ['SQL in a filter', { type: "x' or '1'='1" }, '/type'],
    ['a sort that it does not know', { sort: 'payload; drop table bus.event' }, '/sort'],
    ['a page of 10⁹', { limit: '1000000000' }, '/limit'],
    [
      'a range of 10 years',
      { type: 'order.paid', from: '2016-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' },
      '/from',
    ],
    [
      'a range that ends before it begins',
      { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' },
      '/from',
    ],
    ['a time that is none', { from: 'yesterday' }, '/from'],
    ['a NUL', { key: 'a\0b' }, '/key'],
    ['the same parameter twice', { type: ['a', 'b'] }, '/type'],
    ['a cursor of its own making', { cursor: 'WyJ4Il0' }, '/cursor'],
  ])('bad-95: answers 400 to %s, naming it and not repeating it', async (_title, query, path) => {
    const answer = await get(query).expect(400);

    expect(answer.body.error).toMatchObject({ code: 'invalid', outcome: 'not_accepted', faults: [{ path }] });
    expect(JSON.stringify(answer.body)).not.toMatch(/drop table|1'='1|yesterday/);
    await get({}).expect(200);
  });

  it('answers 404 to an event that is not stored, and 400 to what is no event id', async () => {
    await stage.http.get('/api/v1/events/00000000-0000-7000-8000-000000000000').expect(404);
    await stage.http.get('/api/v1/events/1').expect(400);
  });
});
