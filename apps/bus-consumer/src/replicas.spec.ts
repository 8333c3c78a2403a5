import { completed } from '@bus/contracts';
import { Client } from 'pg';
import { DueScheduler } from './dispatch/due.scheduler';
import { ConsumerMetrics } from './consumer-metrics';
import { ConsumerBench } from './testing/consumer-bench';
import { FakeServices } from './testing/fake-services';

describe('replicas', () => {
  let bench: ConsumerBench;
  let services: FakeServices;
  beforeEach(async () => {
    bench = await ConsumerBench.open();
    services = new FakeServices();
  });
  afterEach(() => bench.close());

  const messages = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => ({ messageId: `order-${from + n}`, key: `user-${n % 17}` }));
  const timesCalled = () => {
    const times = new Map<string, number>();
    for (const { messageId } of services.calls) times.set(messageId, (times.get(messageId) ?? 0) + 1);
    return times;
  };

  it('join and leave during a run: each event runs once', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send' }]);
    const first = await bench.start(services);
    await bench.publish(messages(0, 1000));
    await services.when(() => services.callCount > 300);
    await bench.start(services);
    await bench.publish(messages(1000, 1000));
    await services.when(() => services.callCount > 1300);
    await first.stop();
    await bench.publish(messages(2000, 1000));
    await bench.untilEnded(3000, 40_000);
    const times = timesCalled();
    expect(times.size).toBe(3000);
    expect([...times.values()].filter((count) => count !== 1)).toEqual([]);
  }, 60_000);

  it('take over after the lease; what the first one answers then changes nothing', async () => {
    const retry = { maxAttempts: null, maxAgeMs: 60_000, backoffMs: 1, backoffCapMs: 5 };
    await bench.activate('order.paid', [{ name: 'sms.send', timeoutMs: 20_000, retry }]);
    const first = await bench.start(services);
    let answerFirst: () => void = () => undefined;
    services.on('sms.send', ({ attempt }) => {
      if (attempt > 1) return completed('second');
      return new Promise((resolve) => (answerFirst = () => resolve(completed('first'))));
    });
    await bench.publish([{ messageId: 'order-1' }]);
    await services.when(() => services.callCount === 1);
    // The first replica stands still; its lease ends.
    await first.app.get(DueScheduler).stop();
    await bench.pool.query(`update bus.in_flight set lease_until = clock_timestamp() - interval '1 s'`);
    await bench.start(services);
    await bench.until<{ n: number }>('select count(*)::int as n from bus.attempt', ([row]) => row.n === 2);
    answerFirst();
    const metrics = first.app.get(ConsumerMetrics);
    await bench.until('select 1', () => countOf(metrics) === 1);
    const { rows } = await bench.pool.query(
      'select attempt, outcome, output from bus.attempt order by attempt',
    );
    expect(rows).toEqual([
      { attempt: 1, outcome: 7, output: null },
      { attempt: 2, outcome: 0, output: 'second' },
    ]);
    expect(await bench.states('order-1')).toEqual({ 'sms.send': 'completed' });
  }, 30_000);

  it('stop in order: calls finish, the unsent are given back and do not count', async () => {
    await bench.activate('order.paid', [{ name: 'sms.send', concurrency: 1, timeoutMs: 10_000 }]);
    const first = await bench.start(services);
    let finish: () => void = () => undefined;
    services.on('sms.send', () => new Promise((resolve) => (finish = () => resolve(completed()))));
    await bench.publish(messages(0, 3));
    await services.when(() => services.callCount === 1);
    const stopped = first.stop();
    await bench.until('select from bus.due', (rows) => rows.length === 2);
    finish();
    await stopped;
    const { rows } = await bench.pool.query<{ counted: number; attempt: number }>(
      'select attempt, counted::int from bus.due',
    );
    expect(rows).toEqual([
      { attempt: 1, counted: 0 },
      { attempt: 1, counted: 0 },
    ]);
    expect((await bench.pool.query('select from bus.in_flight')).rowCount).toBe(0);
    services.on('sms.send', () => completed());
    await bench.start(services);
    await bench.untilEnded(3);
    expect([...timesCalled().values()]).toEqual([1, 1, 1]);
  }, 30_000);

  it('go on by themselves after all connections were lost, again and again: each event completes once', async () => {
    await bench.activate('order.paid', [
      { name: 'sms.send' },
      { name: 'wechat.notify', dependsOn: ['sms.send'] },
    ]);
    await bench.start(services);
    const admin = new Client({ connectionString: bench.url, application_name: 'admin' });
    await admin.connect();
    for (let round = 0; round < 5; round++) {
      await bench.publish(messages(round * 400, 400));
      await services.when(() => services.callCount > round * 800 + 50, 20_000);
      await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name like 'bus-consumer%'`,
      );
    }
    await admin.end();
    await bench.untilEnded(4000, 60_000);
    const { rows } = await bench.pool.query<{ outcome: number; n: number }>(
      `select outcome::int, count(*)::int as n from bus.attempt group by 1 order by 1`,
    );
    expect(rows.find(({ outcome }) => outcome === 0)?.n).toBe(4000);
    // Nothing was left to its lease: what was in doubt was found and given back.
    expect(rows.filter(({ outcome }) => outcome !== 0 && outcome !== 8)).toEqual([]);
  }, 90_000);
});

function countOf({ fencedOff }: ConsumerMetrics): number {
  return (fencedOff as unknown as { hashMap: Record<string, { value: number }> }).hashMap['']?.value ?? 0;
}
