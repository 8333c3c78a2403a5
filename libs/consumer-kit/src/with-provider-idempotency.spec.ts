import { completed, rejected, retry, type OperationRequest, type OperationResult } from '@bus/contracts';
import type { DataSource } from 'typeorm';
import { startDeadline } from './request-deadline';
import { KitDatabase } from './testing/kit-database';
import { kitRequest } from './testing/kit-request';
import { withProviderIdempotency } from './with-provider-idempotency';

/** A machine that others use too. */
jest.setTimeout(60_000);

describe(withProviderIdempotency.name, () => {
  let database: KitDatabase;
  /** The idempotency keys of the calls that reached the provider. */
  let calls: string[];

  beforeAll(async () => {
    database = await KitDatabase.open();
  });
  beforeEach(() => (calls = []));
  afterAll(() => database.close());

  const send = (
    request: OperationRequest,
    result: OperationResult | Promise<OperationResult> = completed(),
    by: DataSource = database.dataSource,
  ) =>
    withProviderIdempotency(by, request, (idempotencyKey) => {
      calls.push(idempotencyKey);
      return Promise.resolve(result);
    });
  const lost = () => new Error('the connection went while the provider worked');
  /** An attempt whose outcome nobody knows. */
  const crashed = async (request: OperationRequest) => {
    await expect(send(request, Promise.reject(lost()))).rejects.toThrow(lost().message);
  };

  it('calls the provider with the executionId as key, after it committed that it would', async () => {
    const request = kitRequest();
    const result = await withProviderIdempotency(database.dataSource, request, async (idempotencyKey) => {
      expect(idempotencyKey).toBe(request.executionId);
      expect(await database.recorded(request)).toMatchObject({ pending: true, attempt: 1, output: null });
      return completed({ providerId: 'p-1' });
    });
    expect(result).toEqual(completed({ providerId: 'p-1' }));
    expect(await database.recorded(request)).toEqual({
      operation: 'kit.apply',
      attempt: 1,
      pending: false,
      output: { providerId: 'p-1' },
    });
  });

  it('answers a repeated call with the stored output and leaves the provider alone', async () => {
    const request = kitRequest();
    await send(request, completed({ providerId: 'p-1' }));
    const restarted = await database.another();
    for (const attempt of [2, 1]) {
      expect(await send({ ...request, attempt }, completed({ providerId: 'p-2' }), restarted)).toEqual({
        status: 'completed',
        duplicate: true,
        output: { providerId: 'p-1' },
      });
    }
    expect(calls).toHaveLength(1);
  });

  it('calls again with the same key after a crash in between, under at_least_once', async () => {
    const request = kitRequest({ effect: 'at_least_once' });
    await crashed(request);
    expect(await send({ ...request, attempt: 2 })).toEqual(completed());
    expect(calls).toEqual([request.executionId, request.executionId]);
    expect(await database.recorded(request)).toMatchObject({ attempt: 2, pending: false });
  });

  it('never calls again after a crash in between, under at_most_once', async () => {
    const request = kitRequest({ effect: 'at_most_once' });
    await crashed(request);
    for (const attempt of [2, 3]) {
      expect(await send({ ...request, attempt })).toMatchObject({
        status: 'rejected',
        code: 'outcome_unknown',
      });
    }
    expect(calls).toHaveLength(1);
    expect(await database.recorded(request)).toMatchObject({ attempt: 1, pending: true });
  });

  it.each(['at_least_once', 'at_most_once'] as const)(
    'sees the call of a process that died before it could note the end, under %s',
    async (effect) => {
      const request = kitRequest({ effect });
      const dying = await database.another();
      const dead = withProviderIdempotency(dying, request, async (idempotencyKey) => {
        calls.push(idempotencyKey);
        await dying.destroy();
        return completed();
      });
      await expect(dead).rejects.toThrow();
      const next = await send({ ...request, attempt: 2 });
      expect(next.status).toBe(effect === 'at_least_once' ? 'completed' : 'rejected');
      expect(calls).toHaveLength(effect === 'at_least_once' ? 2 : 1);
    },
  );

  it.each<[string, OperationResult]>([
    ['retry', retry({ code: 'provider_busy', retryAfterMs: 500 })],
    ['rejected', rejected({ code: 'bad_number' })],
  ])(
    'takes the record back on %s, so that a later attempt calls, at_most_once too',
    async (_what, result) => {
      const request = kitRequest({ effect: 'at_most_once' });
      expect(await send(request, result)).toEqual(result);
      expect(await database.recorded(request)).toBeUndefined();
      expect(await send({ ...request, attempt: 2 })).toEqual(completed());
      expect(calls).toHaveLength(2);
    },
  );

  it('does not take what is no result for a sign that the provider did nothing', async () => {
    const request = kitRequest({ effect: 'at_most_once' });
    expect(await send(request, null as never)).toBeNull();
    expect(await send({ ...request, attempt: 2 })).toMatchObject({ code: 'outcome_unknown' });
    expect(calls).toHaveLength(1);
  });

  it.each(['pending', 'done'])(
    'rejects other content under the executionId of one that is %s',
    async (state) => {
      const request = kitRequest();
      await (state === 'pending' ? crashed(request) : send(request));
      const other = { ...request, attempt: 2, event: { ...request.event, payload: { userId: 'user-8' } } };
      expect(await send(other)).toMatchObject({ status: 'rejected', code: 'content_mismatch' });
      expect(calls).toHaveLength(1);
    },
  );

  it.each([
    ['is too large', 'x'.repeat(16 * 1024)],
    ['holds NUL', 'a\0b'],
    ['is no JSON', 10n],
  ])('stays completed with an output that %s: the provider has acted', async (_what, output) => {
    const request = kitRequest();
    const told = { status: 'completed', output: { omitted: expect.stringContaining('the output is') } };
    expect(await send(request, completed(output))).toEqual(told);
    expect(await send({ ...request, attempt: 2 })).toEqual({ ...told, duplicate: true });
    expect(calls).toHaveLength(1);
  });

  describe('when the time of the attempt has passed', () => {
    /** The request of an attempt whose time is told by hand. */
    const timed = (request: OperationRequest) => {
      const clock = { nowMs: 0 };
      startDeadline(request, () => clock.nowMs);
      return { request, clock };
    };
    const passed = { status: 'retry', code: 'deadline_passed' };

    /** Calls by a pool of one connection, which is free only after the time has passed. */
    async function sendLate(request: OperationRequest): Promise<OperationResult> {
      const late = timed(request);
      const narrow = await database.another(1);
      const taken = narrow.createQueryRunner();
      await taken.connect();
      const answer = send(late.request, completed(), narrow);
      late.clock.nowMs = late.request.deadlineMs;
      await taken.release();
      return answer;
    }

    it('records nothing and does not call', async () => {
      const { request } = timed(kitRequest({ deadlineMs: 0 }));
      expect(await send(request)).toMatchObject(passed);
      expect(await database.recorded(request)).toBeUndefined();
      expect(calls).toEqual([]);
    });

    it.each(['at_least_once', 'at_most_once'] as const)(
      'does not call after a wait for a connection, and a later attempt does, under %s',
      async (effect) => {
        const request = kitRequest({ effect });
        expect(await sendLate(request)).toMatchObject(passed);
        expect(calls).toEqual([]);
        expect(await send({ ...request, attempt: 2 })).toEqual(completed());
        expect(calls).toHaveLength(1);
      },
    );

    it('keeps in mind that an earlier attempt may have called', async () => {
      const request = kitRequest();
      await crashed(request);
      expect(await sendLate({ ...request, attempt: 2 })).toMatchObject(passed);
      expect(calls).toHaveLength(1);
      expect(await database.recorded(request)).toMatchObject({ pending: true });
      expect(await send({ ...request, attempt: 3 })).toEqual(completed());
    });
  });
});
