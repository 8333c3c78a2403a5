import { ConsumerBench } from './testing/consumer-bench';
import { FakeServices } from './testing/fake-services';
import { GateLink } from './testing/gate-link';
import { StallWatch } from './upkeep/stall-watch';

describe('with Postgres away', () => {
  let bench: ConsumerBench;
  let link: GateLink;
  let services: FakeServices;
  beforeEach(async () => {
    bench = await ConsumerBench.open();
    services = new FakeServices();
    link = new GateLink(new URL(bench.url));
    await link.open();
    await bench.activate('order.paid', [{ name: 'sms.send' }, { name: 'points.grant', ordered: true }]);
  });
  afterEach(async () => {
    await bench.close();
    await link.shut();
  });

  const messages = (from: number) =>
    Array.from({ length: 100 }, (_, n) => ({ messageId: `order-${from + n}`, key: `user-${n % 7}` }));

  it('at the start, it is alive and not ready, waits, and goes on by itself', async () => {
    await link.shut();
    const { app } = await bench.start(services, link.url);
    const progress = app.get(StallWatch);
    await expect(progress.check()).rejects.toThrow('Postgres does not answer');
    await bench.publish(messages(0));
    await link.open();
    await bench.untilEnded(200);
    await bench.until('select 1', () => services.callCount === 200);
    await progress.check();
  });

  it('later, it keeps results and place, and goes on by itself: nothing is lost, nothing runs twice', async () => {
    await bench.start(services, link.url);
    await bench.publish(messages(0));
    await services.when(() => services.callCount > 20);
    await link.shut();
    await bench.publish(messages(100));
    await link.open();
    await bench.untilEnded(400, 40_000);
    const { rows } = await bench.pool.query<{ outcome: number; n: number }>(
      'select outcome::int, count(*)::int as n from bus.attempt where outcome not in (8) group by 1',
    );
    expect(rows).toEqual([{ outcome: 0, n: 400 }]);
    const perKey = new Map<string | null, string[]>();
    for (const { operation, messageId, request } of services.calls)
      if (operation === 'points.grant')
        perKey.set(request.event.key, [...(perKey.get(request.event.key) ?? []), messageId]);
    for (const ids of perKey.values()) expect(ids).toEqual([...new Set(ids)].sort(byNumber));
  });
});

const byNumber = (a: string, b: string) => Number(a.split('-')[1]) - Number(b.split('-')[1]);
