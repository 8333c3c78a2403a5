import { completed, retry } from '@bus/contracts';
import { ConsumerBench } from '../testing/consumer-bench';
import { FakeServices } from '../testing/fake-services';

const soon = { maxAttempts: null, maxAgeMs: 60_000, backoffMs: 1, backoffCapMs: 10 };

describe('retries', () => {
  let bench: ConsumerBench;
  let services: FakeServices;
  beforeEach(async () => {
    bench = await ConsumerBench.open();
    services = new FakeServices();
  });
  afterEach(() => bench.close());

  const attempts = async () => {
    const { rows } = await bench.pool.query<{ attempt: number; outcome: number; code: string | null }>(
      'select attempt, outcome, code from bus.attempt order by attempt',
    );
    return rows;
  };

  it('calls again under the same executionId until it completes', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send', retry: soon }]);
    const ids = new Set<string>();
    services.on('sms.send', ({ attempt, executionId }) => {
      ids.add(executionId);
      return attempt < 4 ? retry({ code: 'busy', reason: 'try later' }) : completed();
    });
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1' }]);
    await bench.untilEnded(1);
    await services.when(() => services.callCount === 4);
    expect(ids.size).toBe(1);
    expect(await bench.states('order-1')).toEqual({ 'sms.send': 'completed' });
    expect((await attempts()).map(({ attempt, code }) => [attempt, code])).toEqual([
      [1, 'busy'],
      [2, 'busy'],
      [3, 'busy'],
      [4, null],
    ]);
  });

  it('makes a dead letter when the attempts are used up', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send', retry: { ...soon, maxAttempts: 3 } }]);
    services.on('sms.send', () => ({ signal: { kind: 'reply', reply: 'nonsense' } }));
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1' }]);
    const [dead] = await bench.until<{ cause: number; attempt: number }>(
      'select cause, attempt from bus.dead_letter',
      (rows) => rows.length === 1,
    );
    expect(dead).toEqual({ cause: 1, attempt: 3 });
    expect(await bench.states('order-1')).toEqual({ 'sms.send': 'dead' });
  });

  it('makes a dead letter of what is too old after a failed attempt', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send', retry: { ...soon, maxAgeMs: 1000 } }]);
    services.on('sms.send', () => retry());
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1' }]);
    const [dead] = await bench.until<{ cause: number }>(
      'select cause from bus.dead_letter',
      (rows) => rows.length === 1,
    );
    expect(dead.cause).toBe(2);
  });

  it('counts a call that gets no answer in time, and calls again', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send', timeoutMs: 100, retry: soon }]);
    services.on('sms.send', ({ attempt }) => (attempt === 1 ? 'silence' : completed()));
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1' }]);
    await bench.until<{ n: number }>('select count(*)::int as n from bus.attempt', ([row]) => row.n === 2);
    expect((await attempts()).map(({ outcome }) => outcome)).toEqual([4, 0]);
  });

  it('does not send again what may have had its effect, under at_most_once', async () => {
    await bench.activate('order.paid', [
      { name: 'sms.send', timeoutMs: 100, effect: 'at_most_once', retry: soon },
    ]);
    services.on('sms.send', () => 'silence');
    await bench.start(services);
    await bench.publish([{ messageId: 'order-1' }]);
    const [dead] = await bench.until<{ cause: number }>(
      'select cause from bus.dead_letter',
      (rows) => rows.length === 1,
    );
    expect(dead.cause).toBe(3);
    expect(services.callCount).toBe(1);
  });

  it('keeps to the rate in every window, retries included', async () => {
    const ratePerSecond = 20;
    await bench.activate('order.paid', [{ name: 'sms.send', ratePerSecond, retry: soon }]);
    const starts: number[] = [];
    services.on('sms.send', ({ attempt }) => {
      starts.push(performance.now());
      return attempt === 1 ? retry() : completed();
    });
    await bench.start(services);
    await bench.publish(Array.from({ length: 30 }, (_, n) => ({ messageId: `order-${n}` })));
    await bench.until<{ n: number }>(
      'select count(*)::int as n from bus.attempt where outcome = 0',
      ([row]) => row.n === 30,
      20_000,
    );
    expect(starts.length).toBe(60);
    for (const windowMs of [500, 1000, 2000])
      for (const from of starts) {
        const within = starts.filter((at) => at >= from && at < from + windowMs).length;
        // A second more than the window: what a claim started may leave up to 500 ms later.
        expect(within).toBeLessThanOrEqual(ratePerSecond * (windowMs / 1000 + 1) + 1);
      }
    expect((starts.at(-1) as number) - starts[0]).toBeLessThan(10_000);
  }, 40_000);
});
