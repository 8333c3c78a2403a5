import { completed, rejected } from '@bus/contracts';
import { executionIdOf } from '@bus/domain';
import { ExecutionControl } from '@bus/store';
import { ConsumerBench, type Replica } from '../testing/consumer-bench';
import { FakeServices } from '../testing/fake-services';

describe('replay', () => {
  let bench: ConsumerBench;
  let services: FakeServices;
  let replica: Replica;
  /** Messages that the services reject while they are in here. */
  let broken: Set<string>;
  beforeEach(async () => {
    bench = await ConsumerBench.open();
    services = new FakeServices();
    broken = new Set();
    for (const operation of ['coupons.issue', 'points.grant'])
      services.on(operation, ({ event }) =>
        broken.has(event.messageId) ? rejected({ code: 'no_stock' }) : completed({ code: 'C1' }),
      );
  });
  afterEach(() => bench.close());

  const replay = async (messageId: string, operation: string, expectedAttempt: number, force = false) => {
    const { rows } = await bench.pool.query<{ event_id: string }>(
      'select event_id from bus.event where message_id = $1',
      [messageId],
    );
    const request = { eventId: rows[0]?.event_id ?? '', operation, expectedAttempt, force };
    const author = { actor: 'spec', reason: 'spec' };
    const [outcome] = await replica.app.get(ExecutionControl).replay([request], author);
    return outcome;
  };
  const untilState = (messageId: string, operation: string, state: string) =>
    bench.until<{ state: string }>(
      `select x.state from bus.execution x join bus.event e using (event_id)
        where e.message_id = '${messageId}' and x.operation = '${operation}'`,
      ([row]) => row?.state === state,
    );
  const idsOf = (operation: string) =>
    services.calls.filter((call) => call.operation === operation).map(({ request }) => request.executionId);
  const idOf = (messageId: string, operation: string, run = 0) =>
    executionIdOf({ source: 'spec', messageId }, operation, run);

  it('completes a dead letter under the same executionId, and lets held dependents go on with its output', async () => {
    await bench.activate('order.paid', [
      { name: 'coupons.issue' },
      { name: 'wechat.notify', dependsOn: ['coupons.issue'] },
    ]);
    replica = await bench.start(services);
    broken.add('order-1');
    await bench.publish([{ messageId: 'order-1' }]);
    await untilState('order-1', 'wechat.notify', 'held');

    broken.clear();
    expect(await replay('order-1', 'coupons.issue', 1)).toMatchObject({ outcome: 'replayed' });
    await untilState('order-1', 'wechat.notify', 'completed');
    expect(idsOf('coupons.issue')).toEqual([
      idOf('order-1', 'coupons.issue'),
      idOf('order-1', 'coupons.issue'),
    ]);
    const notified = services.calls.find((call) => call.operation === 'wechat.notify');
    expect(notified?.request.inputs).toEqual({ 'coupons.issue': { code: 'C1' } });
  });

  it('repeats an effect under a new executionId, which every further attempt keeps', async () => {
    await bench.activate('order.paid', [{ name: 'coupons.issue' }]);
    replica = await bench.start(services);
    await bench.publish([{ messageId: 'order-1' }]);
    await untilState('order-1', 'coupons.issue', 'completed');

    broken.add('order-1');
    expect(await replay('order-1', 'coupons.issue', 1)).toEqual({ outcome: 'refused', why: 'needs_force' });
    expect(await replay('order-1', 'coupons.issue', 1, true)).toMatchObject({ forcedRuns: 1 });
    await untilState('order-1', 'coupons.issue', 'rejected');
    broken.clear();
    expect(await replay('order-1', 'coupons.issue', 2)).toMatchObject({ outcome: 'replayed' });
    await untilState('order-1', 'coupons.issue', 'completed');
    expect(idsOf('coupons.issue')).toEqual([0, 1, 1].map((run) => idOf('order-1', 'coupons.issue', run)));
  });

  it('carries the new executionId to a dependent that is released by a close', async () => {
    await bench.activate('order.paid', [
      { name: 'coupons.issue' },
      { name: 'wechat.notify', dependsOn: ['coupons.issue'] },
    ]);
    replica = await bench.start(services);
    await bench.publish([{ messageId: 'order-1' }]);
    await untilState('order-1', 'wechat.notify', 'completed');

    await bench.pool.query(`update bus.operation set state = 'paused' where name = 'coupons.issue'`);
    expect(await replay('order-1', 'coupons.issue', 1, true)).toMatchObject({ outcome: 'replayed' });
    expect(await replay('order-1', 'wechat.notify', 1, true)).toMatchObject({ pending: ['coupons.issue'] });
    await bench.pool.query(`update bus.operation set state = 'active' where name = 'coupons.issue'`);
    await services.when(() => services.callsOf('wechat.notify').length === 2);
    await untilState('order-1', 'wechat.notify', 'completed');
    expect(idsOf('wechat.notify')).toEqual([0, 1].map((run) => idOf('order-1', 'wechat.notify', run)));
  });

  it('unblocks a lane by its blocker, and runs what stood behind in order', async () => {
    await bench.activate('order.paid', [{ name: 'points.grant', ordered: true }]);
    replica = await bench.start(services);
    broken.add('a-1');
    await bench.publish(['a-1', 'a-2', 'a-3'].map((messageId) => ({ messageId, key: 'a' })));
    await untilState('a-3', 'points.grant', 'held');

    broken.clear();
    expect(await replay('a-1', 'points.grant', 1)).toMatchObject({ outcome: 'replayed' });
    await untilState('a-3', 'points.grant', 'completed');
    expect(services.callsOf('points.grant')).toEqual(['a-1', 'a-1', 'a-2', 'a-3']);
    expect((await bench.pool.query('select from bus.lane')).rowCount).toBe(0);
  });
});
