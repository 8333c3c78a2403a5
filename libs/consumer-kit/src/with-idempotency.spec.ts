import { randomUUID } from 'node:crypto';
import { completed, rejected, retry, type OperationRequest, type OperationResult } from '@bus/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { startDeadline } from './request-deadline';
import { KitDatabase } from './testing/kit-database';
import { kitRequest } from './testing/kit-request';
import { withIdempotency } from './with-idempotency';
import { withProviderIdempotency } from './with-provider-idempotency';

/** A machine that others use too. */
jest.setTimeout(60_000);

describe(withIdempotency.name, () => {
  let database: KitDatabase;
  let manager: EntityManager;

  beforeAll(async () => {
    database = await KitDatabase.open();
    manager = database.dataSource.manager;
  });
  afterAll(() => database.close());

  /** One effect, then the result. */
  const apply = (request: OperationRequest, result: OperationResult = completed(), by = manager) =>
    withIdempotency(by, request, async (transaction) => {
      await database.addEffect(transaction, request);
      return result;
    });

  it('applies the effect and records the execution', async () => {
    const request = kitRequest({ attempt: 2 });
    expect(await apply(request, completed({ coupon: 'C-1' }))).toEqual(completed({ coupon: 'C-1' }));
    expect(await database.effects(request)).toBe(1);
    expect(await database.recorded(request)).toEqual({
      operation: 'kit.apply',
      attempt: 2,
      pending: false,
      output: { coupon: 'C-1' },
    });
  });

  it('trap-02: answers an attempt after one whose answer was lost with the stored output, in any process', async () => {
    const request = kitRequest();
    await apply(request, completed({ coupon: 'C-1' }));
    const restarted = await database.another();
    for (const attempt of [2, 3, 1]) {
      const again = { ...request, attempt };
      expect(await apply(again, completed({ coupon: 'C-2' }), restarted.manager)).toEqual({
        status: 'completed',
        duplicate: true,
        output: { coupon: 'C-1' },
      });
    }
    expect(await database.effects(request)).toBe(1);
  });

  it.each([
    ['an object', { nested: { list: [1, null, '優惠券 😀'] } }],
    ['a list', [1, 'two']],
    ['a text', 'C-1'],
    ['an empty text', ''],
    ['zero', 0],
    ['false', false],
    ['a text that looks like JSON', '{"coupon":1}'],
  ])('gives back %s as it was', async (_kind, output) => {
    const request = kitRequest();
    await apply(request, completed(output));
    expect(await apply(request)).toEqual({ status: 'completed', duplicate: true, output });
  });

  it('gives back no output where there was none', async () => {
    const request = kitRequest();
    await apply(request);
    expect(await apply(request, completed('other'))).toEqual({ status: 'completed', duplicate: true });
  });

  const { event } = kitRequest();
  it.each<[string, Partial<OperationRequest>]>([
    ['another operation', { operation: 'kit.other' }],
    ['another source', { event: { ...event, source: 'other' } }],
    ['another message', { event: { ...event, messageId: 'other' } }],
    ['another event type', { event: { ...event, type: 'kit.other' } }],
    ['another key', { event: { ...event, key: 'other' } }],
    ['no key', { event: { ...event, key: null } }],
    ['another payload', { event: { ...event, payload: { userId: 'user-8' } } }],
  ])('rejects an executionId that was used before when it comes with %s', async (_what, over) => {
    const request = kitRequest({ event });
    await apply(request);
    expect(await apply({ ...request, ...over })).toMatchObject({
      status: 'rejected',
      code: 'content_mismatch',
    });
    expect(await database.effects(request)).toBe(1);
  });

  it('takes what differs between attempts of one execution for the same content', async () => {
    const request = kitRequest({ event });
    await apply(request);
    const later: OperationRequest = {
      ...request,
      attempt: 7,
      deadlineMs: 1_000,
      inputs: { 'coupons.issue': { code: 'C-1' } },
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      event: { ...event, occurredAt: '2026-01-31T12:00:00.001Z' },
    };
    expect(await apply(later)).toMatchObject({ status: 'completed', duplicate: true });
  });

  it.each<[string, OperationResult | undefined]>([
    ['retry', retry({ code: 'busy', retryAfterMs: 500 })],
    ['rejected', rejected({ code: 'out_of_stock' })],
    ['no result', undefined],
  ])('undoes the effect on %s, so that a later attempt runs', async (_what, result) => {
    const request = kitRequest();
    const answer = await withIdempotency(manager, request, async (transaction) => {
      await database.addEffect(transaction, request);
      return result as OperationResult;
    });
    expect(answer).toEqual(result);
    expect(await database.effects(request)).toBe(0);
    expect(await database.recorded(request)).toBeUndefined();
    expect(await apply({ ...request, attempt: 2 })).toEqual(completed());
    expect(await database.effects(request)).toBe(1);
  });

  it('undoes the effect when the handler throws, and passes its error on', async () => {
    const request = kitRequest();
    const thrown = new Error('no route to the depot');
    const broken = withIdempotency(manager, request, async (transaction) => {
      await database.addEffect(transaction, request);
      throw thrown;
    });
    await expect(broken).rejects.toBe(thrown);
    expect(await database.effects(request)).toBe(0);
    expect(await apply({ ...request, attempt: 2 })).toEqual(completed());
  });

  it.each([
    ['output_too_large', 'x'.repeat(16 * 1024)],
    ['output_not_json', 'a\0b'],
    ['output_not_json', 10n],
  ])('undoes the effect of an output that nobody could store: %s', async (code, output) => {
    const request = kitRequest();
    expect(await apply(request, completed(output))).toMatchObject({ status: 'rejected', code });
    expect(await database.effects(request)).toBe(0);
    expect(await database.recorded(request)).toBeUndefined();
  });

  it.each([
    ['40P01', 'deadlock'],
    ['40001', 'serialization_failure'],
    ['55P03', 'locked'],
  ])('asks for another attempt when PostgreSQL reports %s', async (state, code) => {
    const request = kitRequest();
    const answer = await withIdempotency(manager, request, async (transaction) => {
      await database.addEffect(transaction, request);
      await transaction.query(`do $$ begin raise sqlstate '${state}'; end $$`);
      return completed();
    });
    expect(answer).toMatchObject({ status: 'retry', code });
    expect(await database.effects(request)).toBe(0);
    expect(await apply({ ...request, attempt: 2 })).toEqual(completed());
  });

  it('is part of a transaction of the caller, and comes and goes with it', async () => {
    const [kept, undone, refused] = [kitRequest(), kitRequest(), kitRequest()];
    await manager.transaction(async (outer) => {
      expect(await apply(refused, rejected({ code: 'out_of_stock' }), outer)).toMatchObject({
        status: 'rejected',
      });
      await apply(kept, completed(), outer);
    });
    const failed = manager.transaction(async (outer) => {
      await apply(undone, completed(), outer);
      throw new Error('undone');
    });
    await expect(failed).rejects.toThrow('undone');
    expect(await Promise.all([kept, undone, refused].map((one) => database.effects(one)))).toEqual([1, 0, 0]);
    expect(await database.recorded(undone)).toBeUndefined();
  });

  it('does not begin when the time of the attempt passed while it waited for a connection', async () => {
    const request = kitRequest({ deadlineMs: 100 });
    const narrow = await database.another(1);
    const taken = narrow.createQueryRunner();
    await taken.connect();
    let nowMs = 0;
    startDeadline(request, () => nowMs);
    const answer = apply(request, completed(), narrow.manager);
    nowMs = 100;
    await taken.release();
    expect(await answer).toMatchObject({ status: 'retry', code: 'deadline_passed' });
    expect(await database.effects(request)).toBe(0);
    expect(await database.recorded(request)).toBeUndefined();
  });

  it('does not run what a provider may have been asked to do already', async () => {
    const request = kitRequest();
    const asked = withProviderIdempotency(database.dataSource, request, () =>
      Promise.reject(new Error('lost')),
    );
    await expect(asked).rejects.toThrow('lost');
    expect(await apply({ ...request, attempt: 2 })).toMatchObject({ status: 'retry', code: 'in_progress' });
    expect(await database.effects(request)).toBe(0);
  });

  it('names the fix where the data source lacks the table', async () => {
    const plain = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    const calling = withIdempotency(plain.manager, kitRequest(), async () => completed());
    await expect(calling).rejects.toThrow('make the DataSource with consumerDataSource');
    await plain.destroy();
  });

  it('applies each of many executions once when all are called several times at once, by two processes', async () => {
    const other = await database.another();
    const requests = Array.from({ length: 40 }, () => kitRequest({ executionId: randomUUID() }));
    const calls = requests.flatMap((request) =>
      [manager, other.manager, manager, other.manager].map((by, at) =>
        apply({ ...request, attempt: at + 1 }, completed(), by),
      ),
    );
    const results = await Promise.all(calls);
    const fresh = results.filter((result) => result.status === 'completed' && !result.duplicate);
    expect(fresh).toHaveLength(requests.length);
    expect(await Promise.all(requests.map((request) => database.effects(request)))).toEqual(
      requests.map(() => 1),
    );
  });
});
