import { completed } from '@bus/contracts';
import { ConsumerBench } from '../testing/consumer-bench';
import { FakeServices } from '../testing/fake-services';

const EVENTS = 1000;

/** Of the database, less this process's monotonic clock: by the answer of twenty that came soonest. */
async function databaseClockMs(bench: ConsumerBench): Promise<number> {
  let best = { tookMs: Infinity, clockMs: 0 };
  for (let n = 0; n < 20; n++) {
    const askedMs = performance.now();
    const { rows } = await bench.pool.query<{ now: Date }>('select clock_timestamp() as now');
    const tookMs = performance.now() - askedMs;
    if (tookMs < best.tookMs) best = { tookMs, clockMs: rows[0].now.getTime() - askedMs };
  }
  return best.clockMs;
}

describe('delays', () => {
  let bench: ConsumerBench;
  let services: FakeServices;
  beforeEach(async () => {
    bench = await ConsumerBench.open();
    services = new FakeServices();
  });
  afterEach(() => bench.close());

  it('starts 1,000 events that are due within one second, none early', async () => {
    await bench.activate('order.payment-timeout', [{ name: 'sms.remind-payment' }]);
    await bench.start(services);
    const clockMs = await databaseClockMs(bench);
    const fromMs = Math.ceil(clockMs + performance.now()) + 2500;
    const dueMs = new Map<string, number>();
    const lateMs: number[] = [];
    services.on('sms.remind-payment', ({ event }) => {
      lateMs.push(clockMs + performance.now() - (dueMs.get(event.messageId) ?? Infinity));
      return completed();
    });
    const events = Array.from({ length: EVENTS }, (_, n) => {
      const messageId = `order-${n}`;
      dueMs.set(messageId, fromMs + n);
      return {
        messageId,
        type: 'order.payment-timeout',
        deliverAt: new Date(fromMs + n).toISOString(),
      };
    });
    await bench.publish(events);
    await bench.untilEnded(EVENTS, 30_000);
    lateMs.sort((a, b) => a - b);
    const p99 = lateMs[Math.floor(EVENTS * 0.99)];
    process.stdout.write(
      `${EVENTS} events due within 1 s: late by ${lateMs[EVENTS / 2].toFixed(0)} ms (p50), ` +
        `${p99.toFixed(0)} ms (p99), ${(lateMs.at(-1) as number).toFixed(0)} ms (max)\n`,
    );
    expect(lateMs.length).toBe(EVENTS);
    expect(lateMs[0]).toBeGreaterThanOrEqual(-1); // one clock read 1 ms apart from the other
    expect(p99).toBeLessThan(5000);
  }, 60_000);

  it("adds the operation's own delay to the event's time", async () => {
    await bench.activate('order.paid', [{ name: 'sms.send', delayMs: 300 }, { name: 'points.grant' }]);
    await bench.start(services);
    const times = new Map<string, number>();
    for (const name of ['sms.send', 'points.grant'])
      services.on(name, () => {
        times.set(name, performance.now());
        return completed();
      });
    await bench.publish([{ messageId: 'order-1' }]);
    await bench.untilEnded(2);
    expect((times.get('sms.send') ?? 0) - (times.get('points.grant') ?? 0)).toBeGreaterThanOrEqual(290);
  });
});
