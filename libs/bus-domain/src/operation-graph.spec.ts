import fc from 'fast-check';
import type { OperationSettings } from '@bus/contracts';
import { withDefaults, type OperationEntry } from './operation-entry';
import { findCycles, graphFaults, type GraphRules } from './operation-graph';

const anyExpression: GraphRules = { checkExpression: () => null };

function operation(name: string, over: Partial<OperationEntry> = {}): OperationSettings {
  return withDefaults(name, { eventType: 'order.paid', endpoint: 'tcp://127.0.0.1:4101', ...over });
}

function faultsOf(operations: OperationSettings[], rules = anyExpression): string[] {
  return graphFaults({ eventType: 'order.paid', operations }, rules).map((f) => `${f.path}: ${f.message}`);
}

describe(graphFaults, () => {
  it('finds nothing in the graph of the story', () => {
    const cancel = withDefaults('bus.cancel-delayed', { eventType: 'order.paid', cancelSource: 'orders' });

    expect(
      faultsOf([
        operation('points.grant', { ordered: true }),
        operation('coupons.issue', { filter: 'payload.amountCents >= 5000' }),
        operation('wechat.notify', { dependsOn: ['coupons.issue'], onDependencyDead: 'run' }),
        cancel,
      ]),
    ).toEqual([]);
  });

  it('names the operation that a dependency does not find', () => {
    expect(faultsOf([operation('wechat.notify', { dependsOn: ['coupons.issue'] })])).toEqual([
      '/wechat.notify/dependsOn/0: depends on coupons.issue, which is not an operation of order.paid',
    ]);
  });

  it('does not call a dependency unknown that was given but could not be read', () => {
    const rules = { ...anyExpression, unreadable: ['coupons.issue'] };

    expect(faultsOf([operation('wechat.notify', { dependsOn: ['coupons.issue'] })], rules)).toEqual([]);
  });

  it('names a cycle in the order of its dependencies', () => {
    expect(
      faultsOf([
        operation('a.run', { dependsOn: ['b.run'] }),
        operation('b.run', { dependsOn: ['c.run'] }),
        operation('c.run', { dependsOn: ['a.run'] }),
      ]),
    ).toEqual(['/a.run/dependsOn: depends on itself through a cycle: a.run → b.run → c.run → a.run']);
  });

  it('reports a self-dependency once', () => {
    expect(faultsOf([operation('a.run', { dependsOn: ['a.run'] })])).toEqual([
      '/a.run/dependsOn: an operation cannot depend on itself',
    ]);
  });

  it('asks the injected check about each filter and mapping', () => {
    const rules = { checkExpression: (text: string) => (text.includes('(') ? 'misses a bracket' : null) };

    expect(faultsOf([operation('a.run', { filter: 'payload.(', mapping: '(' })], rules)).toEqual([
      '/a.run/filter: misses a bracket',
      '/a.run/mapping: misses a bracket',
    ]);
  });

  it('refuses an operation of another event type, and one that is named twice', () => {
    expect(faultsOf([operation('a.run', { eventType: 'order.created' })])).toEqual([
      '/a.run/eventType: must be the event type of its graph',
    ]);
    expect(faultsOf([operation('a.run'), operation('a.run')])).toEqual([
      '/a.run: is named twice in this graph',
    ]);
  });

  it('reports faults of settings, dependencies and expressions together', () => {
    const faults = faultsOf(
      [operation('a.run', { timeoutMs: 99_999, dependsOn: ['z.run'] }), operation('b.run', { filter: '(' })],
      { checkExpression: () => 'does not parse' },
    );

    expect(faults.map((fault) => fault.split(':')[0])).toEqual([
      '/a.run/timeoutMs',
      '/a.run/dependsOn/0',
      '/b.run/filter',
    ]);
  });

  it('lets endpoints name allowed hosts only, where there is a list', () => {
    const rules = { ...anyExpression, allowedHosts: ['127.0.0.1', '*.bus.svc'] };
    const at = (endpoint: string) => faultsOf([operation('a.run', { endpoint })], rules);

    expect(at('tcp://127.0.0.1:1')).toEqual([]);
    expect(at('https://Points.bus.svc/x')).toEqual([]);
    expect(at('tcp://evilbus.svc:1')).toEqual([
      '/a.run/endpoint: names a host that is not in the list of allowed hosts',
    ]);
  });

  it('holds at most 100 operations of one event type', () => {
    const many = Array.from({ length: 101 }, (_, index) => operation(`a.run-${index}`));

    expect(faultsOf(many)).toEqual([': an event type has at most 100 operations']);
  });
});

describe(findCycles, () => {
  const nodes = fc.integer({ min: 1, max: 12 });
  const edges = fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 30 });
  const build = (count: number, pairs: [number, number][]) =>
    Array.from({ length: count }, (_, from) => ({
      name: `n.${from}`,
      dependsOn: pairs.filter(([a, b]) => a === from && b < count).map(([, b]) => `n.${b}`),
    }));

  it('finds none where each operation depends on earlier ones alone', () => {
    fc.assert(
      fc.property(nodes, edges, (count, pairs) => {
        expect(
          findCycles(
            build(
              count,
              pairs.filter(([a, b]) => a > b),
            ),
          ),
        ).toEqual([]);
      }),
    );
  });

  it('finds some exactly where taking away what depends on nothing left leaves a rest', () => {
    fc.assert(
      fc.property(nodes, edges, (count, pairs) => {
        const graph = build(count, pairs);
        const left = new Map(graph.map((node) => [node.name, node.dependsOn]));
        for (let before = -1; before !== left.size;) {
          before = left.size;
          for (const [name, needs] of left) if (!needs.some((need) => left.has(need))) left.delete(name);
        }
        const cycles = findCycles(graph);
        expect(cycles.length > 0).toBe(left.size > 0);
        for (const cycle of cycles) {
          expect(cycle.at(-1)).toBe(cycle[0]);
          cycle.slice(1).forEach((next, index) => {
            expect(graph.find((node) => node.name === cycle[index])?.dependsOn).toContain(next);
          });
        }
      }),
    );
  });
});
