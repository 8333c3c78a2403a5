import { completed, rejected, retry } from '@bus/contracts';
import { ConsumerBench } from '../testing/consumer-bench';
import { FakeServices } from '../testing/fake-services';

describe('lanes', () => {
  let bench: ConsumerBench;
  let services: FakeServices;
  beforeEach(async () => {
    bench = await ConsumerBench.open();
    services = new FakeServices();
  });
  afterEach(() => bench.close());

  it('runs the events of one key one after another in log order, whatever fails on the way', async () => {
    await bench.activate('order.paid', [
      {
        name: 'points.grant',
        ordered: true,
        retry: { maxAttempts: null, maxAgeMs: 60_000, backoffMs: 1, backoffCapMs: 5 },
      },
    ]);
    const running = new Set<string | null>();
    let overlaps = 0;
    let calls = 0;
    const done: Record<string, string[]> = {};
    services.on('points.grant', async ({ event }) => {
      if (running.has(event.key)) overlaps++;
      running.add(event.key);
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(event.key);
      if (calls++ % 7 === 3) return retry();
      (done[event.key ?? ''] ??= []).push(event.messageId);
      return completed();
    });
    await bench.start(services);
    const events = Array.from({ length: 200 }, (_, n) => ({ messageId: `order-${n}`, key: `user-${n % 5}` }));
    await bench.publish(events);
    await bench.untilEnded(200, 40_000);
    expect(overlaps).toBe(0);
    for (const key of ['user-0', 'user-1', 'user-2', 'user-3', 'user-4'])
      expect(done[key]).toEqual(events.filter((event) => event.key === key).map((event) => event.messageId));
    expect((await bench.pool.query('select from bus.lane')).rowCount).toBe(0);
  }, 60_000);

  it('holds the lane of a dead execution, and stops no other', async () => {
    await bench.activate('order.paid', [{ name: 'points.grant', ordered: true }]);
    services.on('points.grant', ({ event }) =>
      event.messageId === 'a-1' ? rejected({ code: 'closed_account' }) : completed(),
    );
    await bench.start(services);
    await bench.publish([
      { messageId: 'a-1', key: 'a' },
      { messageId: 'a-2', key: 'a' },
      { messageId: 'b-1', key: 'b' },
      { messageId: 'b-2', key: 'b' },
    ]);
    await bench.until<{ n: number }>('select count(*)::int as n from bus.attempt', ([row]) => row.n === 3);
    expect(services.callsOf('points.grant').sort()).toEqual(['a-1', 'b-1', 'b-2']);
    expect(await bench.states('a-2')).toEqual({ 'points.grant': 'held' });
  });
});
