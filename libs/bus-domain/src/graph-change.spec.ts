import { diffGraphs, mergeEntries, planGraphs, type PresentGraph } from './graph-change';
import { withDefaults, type OperationEntries, type OperationEntry } from './operation-entry';

const endpoint = 'tcp://127.0.0.1:4101';
const entry = (over: Partial<OperationEntry> = {}): OperationEntry => ({
  eventType: 'order.paid',
  endpoint,
  ...over,
});
const graph = (entries: OperationEntries, version = 3, eventType = 'order.paid'): PresentGraph => ({
  eventType,
  version,
  operations: Object.entries(entries).map(([name, one]) => withDefaults(name, one)),
});

describe(diffGraphs, () => {
  it('tells added, removed and changed operations, and whether a change is pinned or live', () => {
    const before = graph({ 'a.run': entry(), 'b.run': entry(), 'c.run': entry() }).operations;
    const after = graph({
      'b.run': entry({ timeoutMs: 900, filter: 'true', retry: { backoffMs: 50 } }),
      'c.run': entry(),
      'd.run': entry(),
    }).operations;

    expect(diffGraphs(before, after)).toEqual({
      added: ['d.run'],
      removed: ['a.run'],
      changed: [
        {
          operation: 'b.run',
          settings: [
            { setting: 'timeoutMs', from: 5000, to: 900, kind: 'live' },
            { setting: 'filter', from: null, to: 'true', kind: 'pinned' },
            { setting: 'retry.backoffMs', from: 1000, to: 50, kind: 'live' },
          ],
        },
      ],
    });
  });

  it('sees no change in another order of operations, dependencies or fields', () => {
    const one = graph({
      'a.run': entry(),
      'b.run': entry(),
      'c.run': entry({ dependsOn: ['a.run', 'b.run'] }),
    });
    const shuffled = [...one.operations].reverse().map((operation) => ({
      ...(Object.fromEntries(Object.entries(operation).reverse()) as unknown as typeof operation),
      dependsOn: [...operation.dependsOn].reverse(),
    }));

    expect(diffGraphs(one.operations, shuffled)).toEqual({ added: [], removed: [], changed: [] });
  });
});

describe(planGraphs, () => {
  it('plans the first version of an event type on none', () => {
    const [plan] = planGraphs({ entries: { 'a.run': entry() }, active: [], prune: false });

    expect(plan).toMatchObject({
      eventType: 'order.paid',
      expectedVersion: null,
      outcome: 'activate',
      added: ['a.run'],
    });
    expect(plan?.operations).toEqual([withDefaults('a.run', entry())]);
  });

  it('calls a graph unchanged that already is as the entries say', () => {
    const active = [graph({ 'a.run': entry() })];

    expect(planGraphs({ entries: { 'a.run': entry() }, active, prune: true })).toMatchObject([
      { outcome: 'unchanged', expectedVersion: 3, added: [], removed: [], changed: [] },
    ]);
  });

  it('keeps an operation that no entry names, and removes it with prune', () => {
    const active = [graph({ 'a.run': entry(), 'b.run': entry() })];
    const entries = { 'a.run': entry() };

    expect(planGraphs({ entries, active, prune: false })).toMatchObject([
      { outcome: 'unchanged', kept: ['b.run'], removed: [] },
    ]);
    expect(planGraphs({ entries, active, prune: true })).toMatchObject([
      { outcome: 'activate', kept: [], removed: ['b.run'] },
    ]);
  });

  it('retires a graph of which prune leaves nothing', () => {
    expect(planGraphs({ entries: {}, active: [graph({ 'a.run': entry() })], prune: true })).toMatchObject([
      { outcome: 'retire', removed: ['a.run'], operations: [] },
    ]);
  });

  it('moves an operation whose entry names another event type', () => {
    const active = [graph({ 'a.run': entry(), 'b.run': entry() })];
    const entries = { 'a.run': entry({ eventType: 'order.created' }) };

    expect(planGraphs({ entries, active, prune: false })).toMatchObject([
      { eventType: 'order.created', outcome: 'activate', expectedVersion: null, added: ['a.run'] },
      { eventType: 'order.paid', outcome: 'activate', removed: ['a.run'], kept: ['b.run'] },
    ]);
  });

  it('leaves a pause alone that the entry does not speak of', () => {
    const active = [graph({ 'a.run': entry({ state: 'paused' }), 'b.run': entry({ state: 'paused' }) })];
    const entries = { 'a.run': entry(), 'b.run': entry({ state: 'active' }) };
    const [plan] = planGraphs({ entries, active, prune: false });

    expect(plan?.changed).toEqual([
      { operation: 'b.run', settings: [{ setting: 'state', from: 'paused', to: 'active', kind: 'live' }] },
    ]);
    expect(plan?.keepState).toEqual(['a.run']);
  });
});

describe(mergeEntries, () => {
  it('makes one map of several files', () => {
    const merged = mergeEntries([
      { file: 'one.yaml', entries: { 'a.run': entry() } },
      { file: 'two.yaml', entries: { 'b.run': entry() } },
    ]);

    expect(merged).toEqual({ entries: { 'a.run': entry(), 'b.run': entry() }, faults: [] });
  });

  it('refuses an operation that two files name, and names both files', () => {
    const { faults } = mergeEntries([
      { file: 'one.yaml', entries: { 'a.run': entry() } },
      { file: 'two.yaml', entries: { 'a.run': entry({ eventType: 'order.created' }) } },
    ]);

    expect(faults).toEqual([
      {
        file: 'two.yaml',
        path: '/a.run',
        message: 'a.run is in one.yaml already; an operation belongs to one file and one event type',
      },
    ]);
  });
});
