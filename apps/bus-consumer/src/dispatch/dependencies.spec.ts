import { completed, rejected } from '@bus/contracts';
import { ConsumerBench } from '../testing/consumer-bench';
import { FakeServices } from '../testing/fake-services';

describe('dependencies', () => {
  let bench: ConsumerBench;
  let services: FakeServices;
  beforeEach(async () => {
    bench = await ConsumerBench.open();
    services = new FakeServices();
  });
  afterEach(() => bench.close());

  it('starts an operation after those it depends on, with their outputs as inputs', async () => {
    await bench.activate('order.paid', [
      { name: 'points.grant' },
      { name: 'coupons.issue' },
      { name: 'wechat.notify', dependsOn: ['coupons.issue', 'points.grant'] },
    ]);
    services.on('coupons.issue', () => completed({ code: 'SAVE-5' }));
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1' }]);
    await bench.untilEnded(3);
    const last = services.calls.at(-1);
    expect(last?.operation).toBe('wechat.notify');
    expect(last?.request.inputs).toEqual({ 'coupons.issue': { code: 'SAVE-5' } });
  });

  it('counts a filtered dependency as satisfied, without an output', async () => {
    await bench.activate('order.paid', [
      { name: 'coupons.issue', filter: 'payload.amountCents >= 5000' },
      { name: 'wechat.notify', dependsOn: ['coupons.issue'] },
    ]);
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1', payload: '{"amountCents":4999}' }]);
    await bench.untilEnded(2);
    expect(await bench.states('order-1')).toEqual({
      'coupons.issue': 'skipped',
      'wechat.notify': 'completed',
    });
    expect(services.calls.map(({ operation, request }) => [operation, request.inputs])).toEqual([
      ['wechat.notify', {}],
    ]);
  });

  it('holds, skips or runs what depends on a dead one, as it says', async () => {
    await bench.activate('order.paid', [
      { name: 'coupons.issue' },
      { name: 'wechat.notify', dependsOn: ['coupons.issue'], onDependencyDead: 'run' },
      { name: 'sms.send', dependsOn: ['coupons.issue'], onDependencyDead: 'skip' },
      { name: 'points.grant', dependsOn: ['coupons.issue'] },
    ]);
    services.on('coupons.issue', () => rejected({ code: 'out_of_stock' }));
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1' }]);
    await bench.until<{ n: number }>(
      `select count(*)::int as n from bus.attempt where outcome = 0`,
      ([row]) => row.n === 1,
    );
    expect(await bench.states('order-1')).toEqual({
      'coupons.issue': 'rejected',
      'wechat.notify': 'completed',
      'sms.send': 'skipped',
      'points.grant': 'held',
    });
  });
});
