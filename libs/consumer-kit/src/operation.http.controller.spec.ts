import { RPC, completed } from '@bus/contracts';
import supertest from 'supertest';
import { OperationHttpController } from './operation.http.controller';
import { kitRequest } from './testing/kit-request';
import { startKitApp, type KitApp } from './testing/start-kit-app';

/** A machine that others use too. */
jest.setTimeout(60_000);

describe(OperationHttpController.name, () => {
  let kit: KitApp;

  beforeAll(async () => {
    kit = await startKitApp();
  });
  beforeEach(() => {
    kit.handler.calls.length = 0;
    kit.handler.behave = () => completed();
  });
  afterAll(() => kit.stop());

  const post = (body: object | string) =>
    supertest(kit.url).post('/operations/execute').set('content-type', 'application/json').send(body);

  it('answers a POST with the same JSON as RPC answers', async () => {
    kit.handler.behave = () => completed({ coupon: '優惠券' });
    const request = kitRequest({ operation: 'kit.obey', attempt: 3 });
    const { body } = await post(request).expect(200).expect('content-type', /json/);
    const { executionId, operation, attempt } = request;
    expect(body).toEqual({
      executionId,
      operation,
      attempt,
      status: 'completed',
      output: { coupon: '優惠券' },
    });
    expect(await kit.rpc.call(RPC.execute, request, { timeoutMs: 20_000 })).toEqual({
      outcome: 'reply',
      reply: body,
    });
    expect(kit.handler.calls).toEqual([request, request]);
  });

  it('runs an execution once, whether its attempts come by HTTP or by RPC', async () => {
    const request = kitRequest();
    await post(request).expect(200);
    const later = { ...request, attempt: 2 };
    expect(await kit.rpc.call(RPC.execute, later, { timeoutMs: 20_000 })).toMatchObject({
      reply: { status: 'completed', duplicate: true },
    });
    expect(await kit.database.effects(request)).toBe(1);
  });

  it('answers results other than completed with 200 too: the reply says what happened', async () => {
    kit.handler.behave = () => Promise.reject(new Error('SECRET'));
    const thrown = await post(kitRequest({ operation: 'kit.obey' })).expect(200);
    expect(thrown.body).toMatchObject({ status: 'retry', code: 'handler_error' });
    const unknown = await post(kitRequest({ operation: 'kit.later' })).expect(200);
    expect(unknown.body).toMatchObject({ status: 'retry', code: 'unknown_operation', retryAfterMs: 60_000 });
  });

  it('answers what is no request with 400 and the faults, without its values', async () => {
    const answer = await post({ ...kitRequest(), effect: 'SECRET' }).expect(400);
    expect(answer.body).toMatchObject({
      error: { code: 'invalid', outcome: 'not_accepted', faults: [{ path: '/effect' }] },
    });
    expect(answer.text).not.toContain('SECRET');
  });

  it.each([
    ['is not JSON', '{"contract":1,'],
    ['is no object', '[]'],
    ['is empty', ''],
  ])('answers a body that %s with 400', async (_what, body) => {
    const answer = await post(body).expect(400);
    expect(answer.body).toMatchObject({ error: { code: 'invalid' } });
    expect(kit.handler.calls).toEqual([]);
  });

  it('describes itself as over RPC', async () => {
    const { body } = await supertest(kit.url).get('/operations/describe').expect(200);
    expect(await kit.rpc.call(RPC.describe, {}, { timeoutMs: 20_000 })).toEqual({
      outcome: 'reply',
      reply: body,
    });
  });
});
