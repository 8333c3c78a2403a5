import { completed, retry, type OperationRequest, type OperationResult } from '@bus/contracts';
import { startDeadline } from './request-deadline';
import { Gate } from './testing/gate';
import { KitDatabase } from './testing/kit-database';
import { kitRequest } from './testing/kit-request';
import { withIdempotency } from './with-idempotency';

/** A machine that others use too. */
jest.setTimeout(60_000);

describe(`${withIdempotency.name}: races`, () => {
  let database: KitDatabase;

  beforeAll(async () => {
    database = await KitDatabase.open();
  });
  afterAll(() => database.close());

  const apply = (request: OperationRequest, result: OperationResult = completed()) =>
    withIdempotency(database.dataSource.manager, request, async (transaction) => {
      await database.addEffect(transaction, request);
      return result;
    });

  /** An attempt, in a process of its own, that stands still after its effect and before its end. */
  async function standingAttempt(request: OperationRequest, end: () => Promise<OperationResult>) {
    const gate = new Gate();
    const other = await database.another();
    const answer = withIdempotency(other.manager, request, async (transaction) => {
      await database.addEffect(transaction, request);
      await gate.pass();
      return end();
    });
    await Promise.race([gate.entered(), answer]);
    return { gate, answer };
  }

  it('lets the second of two attempts wait for the first, and answers it with the same output', async () => {
    const request = kitRequest();
    const first = await standingAttempt(request, async () => completed({ coupon: 'C-1' }));
    const second = apply({ ...request, attempt: 2 }, completed({ coupon: 'C-2' }));
    await database.untilWaiting(1);
    first.gate.open();
    expect(await first.answer).toEqual(completed({ coupon: 'C-1' }));
    expect(await second).toEqual({ status: 'completed', duplicate: true, output: { coupon: 'C-1' } });
    expect(await database.effects(request)).toBe(1);
  });

  it('shows effect and record to others at the same moment', async () => {
    const request = kitRequest();
    const first = await standingAttempt(request, async () => completed());
    expect(await database.effects(request)).toBe(0);
    expect(await database.recorded(request)).toBeUndefined();
    first.gate.open();
    await first.answer;
    expect(await database.effects(request)).toBe(1);
    expect(await database.recorded(request)).toMatchObject({ pending: false });
  });

  it.each<[string, () => Promise<OperationResult>]>([
    ['asks for another attempt', async () => retry({ code: 'busy' })],
    ['throws', () => Promise.reject(new Error('no route to the depot'))],
  ])('runs the second of two attempts when the first %s', async (_what, end) => {
    const request = kitRequest();
    const first = await standingAttempt(request, end);
    const second = apply({ ...request, attempt: 2 });
    await database.untilWaiting(1);
    first.gate.open();
    await first.answer.catch(() => undefined);
    expect(await second).toEqual(completed());
    expect(await database.effects(request)).toBe(1);
    expect(await database.recorded(request)).toMatchObject({ attempt: 2 });
  });

  it('leaves neither effect nor record of a process that dies before its commit, and runs the next attempt', async () => {
    const request = kitRequest();
    const first = await standingAttempt(request, async () => completed());
    const lost = expect(first.answer).rejects.toThrow();
    const second = apply({ ...request, attempt: 2 });
    await database.untilWaiting(1);
    await database.dataSource.query(
      `select pg_terminate_backend(pid, 10000) from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction'`,
    );
    expect(await second).toEqual(completed());
    first.gate.open();
    await lost;
    expect(await database.effects(request)).toBe(1);
    expect(await database.recorded(request)).toMatchObject({ attempt: 2 });
  });

  it('asks for another attempt when the first holds the execution for more than 3 s', async () => {
    const request = kitRequest();
    const first = await standingAttempt(request, async () => completed('first'));
    expect(await apply({ ...request, attempt: 2 })).toMatchObject({ status: 'retry', code: 'locked' });
    expect(await database.effects(request)).toBe(0);
    first.gate.open();
    await first.answer;
    expect(await apply({ ...request, attempt: 3 })).toEqual({
      status: 'completed',
      duplicate: true,
      output: 'first',
    });
    expect(await database.effects(request)).toBe(1);
  });

  it('does not wait for the first when the time of the attempt has passed', async () => {
    const request = kitRequest();
    const first = await standingAttempt(request, async () => completed());
    const late = kitRequest({ ...request, attempt: 2, deadlineMs: 0 });
    startDeadline(late, () => 0);
    expect(await apply(late)).toMatchObject({ status: 'retry', code: 'deadline_passed' });
    first.gate.open();
    expect(await first.answer).toEqual(completed());
    expect(await database.effects(request)).toBe(1);
  });

  it('does not begin when the time of the attempt passed while it waited for the first', async () => {
    const request = kitRequest();
    const first = await standingAttempt(request, async () => retry());
    let nowMs = 0;
    const late = kitRequest({ ...request, attempt: 2, deadlineMs: 1_000 });
    startDeadline(late, () => nowMs);
    const second = apply(late);
    await database.untilWaiting(1);
    nowMs = 1_000;
    first.gate.open();
    expect(await second).toMatchObject({ status: 'retry', code: 'deadline_passed' });
    expect(await database.effects(request)).toBe(0);
    expect(await database.recorded(request)).toBeUndefined();
  });
});
