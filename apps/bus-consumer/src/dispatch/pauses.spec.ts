import { completed } from '@bus/contracts';
import { ConsumerBench } from '../testing/consumer-bench';
import { FakeServices } from '../testing/fake-services';
import { ActiveGraphs } from '../graphs/active-graphs';

describe('pause and resume', () => {
  let bench: ConsumerBench;
  let services: FakeServices;
  beforeEach(async () => {
    bench = await ConsumerBench.open();
    services = new FakeServices();
  });
  afterEach(() => bench.close());

  const held = () =>
    bench.until<{ held: number }>(
      `select (select count(*) from bus.due)::int as held`,
      ([row]) => row.held === 20,
    );

  it('keeps everything while an operation is paused, calls nothing, and goes on where it was', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send', state: 'paused' }, { name: 'points.grant' }]);
    await bench.start(services);
    await bench.publish(Array.from({ length: 20 }, (_, n) => ({ messageId: `order-${n}` })));
    await held();
    await services.when(() => services.callsOf('points.grant').length === 20);
    expect(await bench.states('order-1')).toEqual({ 'sms.send': 'held', 'points.grant': 'completed' });
    expect(services.callsOf('sms.send')).toEqual([]);

    await bench.graphs.setState('sms.send', 'active', 'spec');
    await bench.untilEnded(40);
    expect(new Set(services.callsOf('sms.send')).size).toBe(20);
  });

  it('gives back what is queued when an operation is paused under way', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send', concurrency: 1, timeoutMs: 30_000 }]);
    const replica = await bench.start(services);
    let finish: () => void = () => undefined;
    services.on('sms.send', () => new Promise((resolve) => (finish = () => resolve(completed()))));
    await bench.publish(Array.from({ length: 21 }, (_, n) => ({ messageId: `order-${n}` })));
    await services.when(() => services.callCount === 1);
    await bench.graphs.setState('sms.send', 'paused', 'spec');
    await replica.app.get(ActiveGraphs).refresh();
    finish();
    await held();
    expect(services.callCount).toBe(1);
  });

  it('skips the events that come while an operation is disabled', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send' }]);
    const replica = await bench.start(services);
    await bench.graphs.setState('sms.send', 'disabled', 'spec');
    await replica.app.get(ActiveGraphs).refresh();
    await bench.publish([{ messageId: 'order-1' }]);
    await bench.untilEnded(1);
    expect(await bench.states('order-1')).toEqual({ 'sms.send': 'skipped' });
    expect(services.callCount).toBe(0);
  });
});
