import { ConsumerBench } from './testing/consumer-bench';
import { countStatements, type CountedStatements } from './testing/count-statements';
import { FakeServices } from './testing/fake-services';

const EVENTS = 10_000;
const OPERATIONS = ['points.grant', 'coupons.issue', 'sms.send', 'wechat.notify'];

describe('the hot path', () => {
  let bench: ConsumerBench;
  let statements: CountedStatements;
  beforeAll(async () => {
    statements = countStatements('spec');
    bench = await ConsumerBench.open({ partitions: 12 });
  });
  afterAll(async () => {
    statements.stop();
    await bench.close();
  });

  it('takes a backlog of 10,000 events with 4 no-op operations in at most 3,000 statements, and updates nothing', async () => {
    await bench.activate(
      'order.paid',
      OPERATIONS.map((name) => ({ name })),
    );
    const payload = JSON.stringify({
      orderId: '1001',
      userId: 'user-7',
      amountCents: 9900,
      note: 'x'.repeat(350),
    });
    await bench.publish(Array.from({ length: EVENTS }, (_, n) => ({ messageId: `order-${n}`, payload })));
    const before = await bench.updatedRows();
    const services = new FakeServices().forget();
    statements.reset();
    const startedMs = performance.now();
    const cpu = process.cpuUsage();
    const replica = await bench.start(services);
    await bench.untilEnded(EVENTS * OPERATIONS.length, 60_000);
    const seconds = (performance.now() - startedMs) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const { total } = statements;
    const top = [...statements.byName].sort(([, a], [, b]) => b - a).slice(0, 12);
    await replica.stop();

    const updated = [...(await bench.updatedRows())]
      .map(([table, count]) => [table, count - (before.get(table) ?? 0)] as const)
      .filter(([, count]) => count > 0);
    process.stdout.write(
      `${total} statements for ${EVENTS} events × ${OPERATIONS.length} operations, ` +
        `${Math.round(EVENTS / seconds)} events/s, ` +
        `${((user + system) / 1e6).toFixed(2)} s of CPU in this process\n` +
        `${top.map(([name, count]) => `  ${count} ${name}`).join('\n')}\n` +
        `updated rows: ${updated.map(([table, count]) => `${table} ${count}`).join(', ') || 'none'}\n`,
    );
    expect(services.callCount).toBe(EVENTS * OPERATIONS.length);
    expect(total).toBeLessThanOrEqual(3000);
    expect(updated.map(([table]) => table)).toEqual(['consumer_offset']);
  }, 120_000);
});
