import { completed, retry, type OperationRequest, type OperationResult } from '@bus/contracts';
import type { DataSource } from 'typeorm';
import { Gate } from './testing/gate';
import { KitDatabase } from './testing/kit-database';
import { kitRequest } from './testing/kit-request';
import { withProviderIdempotency } from './with-provider-idempotency';

/** A machine that others use too. */
jest.setTimeout(60_000);

describe(`${withProviderIdempotency.name}: races`, () => {
  let database: KitDatabase;
  let other: DataSource;
  /** Attempts whose call reached the provider. */
  let calls: number[];

  beforeAll(async () => {
    database = await KitDatabase.open();
    other = await database.another();
  });
  beforeEach(() => (calls = []));
  afterAll(() => database.close());

  const send = (
    request: OperationRequest,
    result: OperationResult = completed(),
    by: DataSource = database.dataSource,
  ) =>
    withProviderIdempotency(by, request, async () => {
      calls.push(request.attempt);
      return result;
    });

  /** An attempt whose call stands at the provider until its gate is opened. */
  async function standingCall(request: OperationRequest, result: OperationResult) {
    const gate = new Gate();
    const answer = withProviderIdempotency(other, request, async () => {
      calls.push(request.attempt);
      await gate.pass();
      return result;
    });
    await Promise.race([gate.entered(), answer]);
    return { gate, answer };
  }

  it('does not call for the same attempt while its call is under way', async () => {
    const request = kitRequest();
    const first = await standingCall(request, completed('p-1'));
    expect(await send(request)).toMatchObject({ status: 'retry', code: 'in_progress' });
    first.gate.open();
    expect(await first.answer).toEqual(completed('p-1'));
    expect(await send(request)).toEqual({ status: 'completed', duplicate: true, output: 'p-1' });
    expect(calls).toEqual([1]);
  });

  it('does not call for an older attempt that comes late', async () => {
    const request = kitRequest();
    const later = await standingCall({ ...request, attempt: 3 }, completed());
    expect(await send({ ...request, attempt: 2 })).toMatchObject({ status: 'retry', code: 'stale_attempt' });
    later.gate.open();
    await later.answer;
    expect(calls).toEqual([3]);
  });

  it('does not let an older attempt take back the record of a later one', async () => {
    const request = kitRequest();
    const older = await standingCall(request, retry({ code: 'provider_busy' }));
    const later = await standingCall({ ...request, attempt: 2 }, completed('p-2'));
    older.gate.open();
    expect(await older.answer).toMatchObject({ status: 'retry' });
    expect(await database.recorded(request)).toMatchObject({ attempt: 2, pending: true });
    later.gate.open();
    expect(await later.answer).toEqual(completed('p-2'));
    expect(await send({ ...request, attempt: 3 })).toMatchObject({ duplicate: true, output: 'p-2' });
  });

  it('does not forget what an older attempt achieved when a later one ends with retry', async () => {
    const request = kitRequest();
    const older = await standingCall(request, completed('p-1'));
    const later = await standingCall({ ...request, attempt: 2 }, retry({ code: 'provider_busy' }));
    older.gate.open();
    expect(await older.answer).toEqual(completed('p-1'));
    later.gate.open();
    await later.answer;
    expect(await send({ ...request, attempt: 3 })).toMatchObject({ duplicate: true, output: 'p-1' });
    expect(calls).toEqual([1, 2]);
  });

  it('lets one of several attempts take over after a crash', async () => {
    for (let round = 0; round < 20; round += 1) {
      calls = [];
      const request = kitRequest();
      const crash = withProviderIdempotency(other, request, () => Promise.reject(new Error('crashed')));
      await expect(crash).rejects.toThrow('crashed');
      const again = { ...request, attempt: 2 };
      const results = await Promise.all([
        send(again),
        send(again, completed(), other),
        send(again),
        send(again, completed(), other),
      ]);
      expect(calls).toEqual([2]);
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
    }
  });

  it.each(['at_least_once', 'at_most_once'] as const)(
    'calls once when one attempt comes several times at once, under %s',
    async (effect) => {
      const requests = Array.from({ length: 20 }, () => kitRequest({ effect }));
      const results = await Promise.all(
        requests.flatMap((request) => [send(request), send(request, completed(), other), send(request)]),
      );
      expect(calls).toHaveLength(requests.length);
      expect(results.filter((result) => result.status === 'completed' && !result.duplicate)).toHaveLength(20);
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
    },
  );
});
