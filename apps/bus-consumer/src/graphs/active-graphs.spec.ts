import { FakeGraphs, graphOf } from '../testing/fake-graphs';
import { ManualTime } from '../testing/manual-time';
import { ActiveGraphs } from './active-graphs';

describe(ActiveGraphs, () => {
  const first = graphOf([{ name: 'sms.send', timeoutMs: 1000 }], { graphId: 1 });
  const second = graphOf([{ name: 'sms.send', timeoutMs: 2000 }], { graphId: 2 });
  let store: FakeGraphs;
  let graphs: ActiveGraphs;
  let time: ManualTime;
  beforeEach(async () => {
    store = new FakeGraphs([first]);
    time = new ManualTime();
    graphs = new ActiveGraphs(store, time.clock);
    await graphs.refresh();
  });

  it('reads again only when the revision has changed', async () => {
    const { reads } = store;
    await graphs.refresh('1');
    expect(store.reads).toBe(reads);
    store.change([second], [first]);
    await graphs.refresh('2');
    expect(graphs.active('order.paid')).toBe(second);
    expect(graphs.operation(1)?.timeoutMs).toBe(2000);
  });

  it('keeps the versions of open events, and says which it does not have', async () => {
    store.change([second], [first]);
    await graphs.refresh();
    expect(graphs.graph(1)).toBe(first);
    expect(() => graphs.graph(7)).toThrow(RangeError);
    expect(graphs.active('order.created')).toBeNull();
  });

  it('loads what is missing, once', async () => {
    store.retired = [graphOf([{ name: 'points.grant' }], { graphId: 9, eventType: 'order.created' })];
    await graphs.load([1, 9]);
    const { reads } = store;
    await graphs.load([1, 9]);
    expect(graphs.graph(9).eventType).toBe('order.created');
    expect(store.reads).toBe(reads);
  });

  it('forgets retired versions beyond 200 that nobody used for three minutes', async () => {
    store.retired = Array.from({ length: 300 }, (_, n) => graphOf([], { graphId: 100 + n, eventType: 'x' }));
    await graphs.load(store.retired.slice(0, 250).map(({ graphId }) => graphId));
    expect(graphs.graph(100)).toBeDefined();
    await time.advance(200_000);
    graphs.graph(101);
    await graphs.load([399]);
    expect(() => graphs.graph(100)).toThrow(RangeError);
    expect(graphs.graph(101)).toBeDefined();
    expect(graphs.graph(1)).toBe(first);
  });

  it('keeps what is loaded while it reads everything again', async () => {
    store.change([second], [first, graphOf([], { graphId: 9, eventType: 'order.created' })]);
    const refreshing = graphs.refresh();
    await graphs.load([9]);
    await refreshing;
    expect(graphs.graph(9).eventType).toBe('order.created');
    expect(graphs.active('order.paid')).toBe(second);
  });
});
