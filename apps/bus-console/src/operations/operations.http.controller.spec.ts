import { CONSOLE_READY_MS, openConsole, type ConsoleStage } from '../testing/console-stage';

const endpoint = 'tcp://127.0.0.1:4101';
const paid = (more: object = {}) => ({ eventType: 'order.paid', endpoint, ...more });

describe('the operations of the admin API', () => {
  let stage: ConsoleStage;

  beforeEach(async () => {
    stage = await openConsole();
  }, CONSOLE_READY_MS);
  afterEach(() => stage.close());

  const plan = (operations: unknown, prune = false) =>
    stage.http.post('/api/v1/operations/plan').send({ operations, prune });
  const activate = (operations: unknown, expectedVersions: object, more: object = {}) =>
    stage.http.post('/api/v1/operations/activate').send({ operations, expectedVersions, ...more });

  it('plans and activates the first version, and shows it', async () => {
    const operations = {
      'coupons.issue': paid(),
      'wechat.notify': paid({ dependsOn: ['coupons.issue'] }),
      'sms.remind-payment': { eventType: 'order.payment-timeout', endpoint },
    };
    const planned = await plan(operations).expect(200);
    expect(planned.body.graphs).toMatchObject([
      {
        eventType: 'order.paid',
        outcome: 'activate',
        expectedVersion: null,
        added: ['coupons.issue', 'wechat.notify'],
      },
      { eventType: 'order.payment-timeout', outcome: 'activate', expectedVersion: null },
    ]);

    const expected = { 'order.paid': null, 'order.payment-timeout': null };
    const activated = await activate(operations, expected, { actor: 'ann', reason: 'first' }).expect(200);
    expect(activated.body.graphs).toMatchObject([
      { eventType: 'order.paid', outcome: 'activated', version: 1 },
      { eventType: 'order.payment-timeout', outcome: 'activated', version: 1 },
    ]);
    const shown = await stage.http.get('/api/v1/operations').expect(200);
    expect(shown.body.graphs[0]).toMatchObject({
      eventType: 'order.paid',
      version: 1,
      operations: [
        { name: 'coupons.issue', timeoutMs: 5000, state: 'active' },
        { name: 'wechat.notify', dependsOn: ['coupons.issue'] },
      ],
    });
    const audit = await stage.http.get('/api/v1/audit').expect(200);
    expect(audit.body.rows[0]).toMatchObject({
      actor: 'ann',
      reason: 'first',
      ip: expect.stringContaining('127.0.0.1'),
    });
  });

  it('tells what would change, pinned or live, and leaves what is as it should be', async () => {
    await activate({ 'a.run': paid(), 'b.run': paid() }, { 'order.paid': null }).expect(200);

    const planned = await plan({ 'a.run': paid({ filter: 'true', retry: { backoffMs: 5 } }) }).expect(200);
    expect(planned.body.graphs).toMatchObject([
      {
        outcome: 'activate',
        expectedVersion: 1,
        kept: ['b.run'],
        changed: [
          {
            operation: 'a.run',
            settings: [
              { setting: 'filter', from: null, to: 'true', kind: 'pinned' },
              { setting: 'retry.backoffMs', from: 1000, to: 5, kind: 'live' },
            ],
          },
        ],
      },
    ]);
    const same = await activate({ 'a.run': paid() }, {}).expect(200);
    expect(same.body.graphs).toEqual([]);
    const history = await stage.http.get('/api/v1/operations/history?eventType=order.paid').expect(200);
    expect(history.body.graphs).toMatchObject([{ version: 1, state: 'active', activatedBy: 'unnamed' }]);
  });

  it.each([
    [
      'a cycle',
      { 'a.run': paid({ dependsOn: ['b.run'] }), 'b.run': paid({ dependsOn: ['a.run'] }) },
      '/operations/a.run/dependsOn',
    ],
    ['a self-dependency', { 'a.run': paid({ dependsOn: ['a.run'] }) }, '/operations/a.run/dependsOn'],
    ['an unknown operation', { 'a.run': paid({ dependsOn: ['z.run'] }) }, '/operations/a.run/dependsOn/0'],
    ['timeoutMs over 30,000', { 'a.run': paid({ timeoutMs: 30_001 }) }, '/operations/a.run/timeoutMs'],
    [
      'a host that is not allowed',
      { 'a.run': paid({ endpoint: 'tcp://10.0.0.1:80' }) },
      '/operations/a.run/endpoint',
    ],
    ['a filter that does not parse', { 'a.run': paid({ filter: 'payload.(' }) }, '/operations/a.run/filter'],
  ])('bad-96: answers 422 to %s and activates nothing', async (_title, operations, path) => {
    const answer = await activate(operations, { 'order.paid': null }).expect(422);

    expect(answer.body.error).toMatchObject({
      code: 'unprocessable',
      outcome: 'not_accepted',
      faults: [{ path }],
    });
    await plan(operations).expect(422);
    expect((await stage.http.get('/api/v1/operations')).body.graphs).toEqual([]);
  });

  it('names faults of settings, dependencies and expressions in one answer', async () => {
    const answer = await plan({
      'a.run': paid({ timeoutMs: 0 }),
      'b.run': paid({ dependsOn: ['a.run', 'z.run'], mapping: '{' }),
    }).expect(422);

    expect(answer.body.error.faults.map((fault: { path: string }) => fault.path)).toEqual([
      '/operations/a.run/timeoutMs',
      '/operations/b.run/dependsOn/1',
      '/operations/b.run/mapping',
    ]);
  });

  it('bad-96: answers 409 to a stale version and activates nothing', async () => {
    await activate({ 'a.run': paid() }, { 'order.paid': null }).expect(200);

    for (const expected of [{ 'order.paid': null }, { 'order.paid': 7 }, {}]) {
      const answer = await activate({ 'b.run': paid() }, expected).expect(409);
      expect(answer.body.error.code).toBe('conflict');
    }
    const shown = await stage.http.get('/api/v1/operations');
    expect(shown.body.graphs[0].operations).toHaveLength(1);
  });

  it('pauses, resumes and disables by name, and knows no other name', async () => {
    await activate({ 'a.run': paid() }, { 'order.paid': null }).expect(200);
    const state = async () =>
      (await stage.http.get('/api/v1/operations')).body.graphs[0].operations[0].state as string;

    await stage.http
      .post('/api/v1/operations/a.run/pause')
      .expect(200, { operation: 'a.run', state: 'paused' });
    expect(await state()).toBe('paused');
    await stage.http
      .post('/api/v1/operations/a.run/disable')
      .send({ reason: 'broken', actor: 'ann' })
      .expect(200);
    expect(await state()).toBe('disabled');
    await stage.http.post('/api/v1/operations/a.run/resume').send({}).expect(200);
    expect(await state()).toBe('active');
    await stage.http.post('/api/v1/operations/z.run/pause').expect(404);
    await stage.http.post('/api/v1/operations/Z%20run/pause').expect(400);
  });

  it.each([
    ['no operations', {}, ['/operations']],
    ['operations that are a list', { operations: [] }, ['/operations']],
    ['a field that it does not know', { operations: {}, dryRun: true }, ['/dryRun']],
  ])('answers 400 to a plan with %s', async (_title, body, paths) => {
    const answer = await stage.http.post('/api/v1/operations/plan').send(body).expect(400);

    expect(answer.body.error.code).toBe('invalid');
    expect(answer.body.error.faults.map((fault: { path: string }) => fault.path)).toEqual(paths);
  });
});
