import { stripVTControlCharacters } from 'node:util';
import { planGraphs, withDefaults, type OperationEntries } from '@bus/domain';
import { renderPlan, renderReport } from './render-plan';

const endpoint = 'tcp://127.0.0.1:4101';
const eventType = 'order.paid';
const plain = stripVTControlCharacters;
const active = (entries: OperationEntries) => [
  {
    eventType,
    version: 3,
    operations: Object.entries(entries).map(([name, entry]) => withDefaults(name, entry)),
  },
];

describe(renderPlan, () => {
  it('shows what is added, changed, removed and kept, and when a change takes effect', () => {
    const plan = planGraphs({
      entries: {
        'a.run': { eventType, endpoint, timeoutMs: 900, filter: 'payload.x' },
        'b.run': { eventType, endpoint, dependsOn: ['a.run'] },
        'c.run': { eventType: 'order.created', endpoint },
      },
      active: active({
        'a.run': { eventType, endpoint },
        'c.run': { eventType, endpoint },
        'd.run': { eventType, endpoint },
      }),
      prune: false,
    });

    expect(plain(renderPlan(plan))).toBe(
      [
        'order.created (new)',
        '  + c.run  tcp://127.0.0.1:4101',
        'order.paid (version 3)',
        '  + b.run  tcp://127.0.0.1:4101, after a.run',
        '  ~ a.run',
        '      timeoutMs: 5000 → 900  live: within 2 s, for all events',
        '      filter: none → payload.x  pinned: for events stored from now on',
        '  − c.run',
        '    d.run stays: no file names it (--prune removes it)',
        '',
        '2 to add, 1 to change, 1 to remove.',
      ].join('\n'),
    );
  });

  it('says that nothing changes', () => {
    const entries = { 'a.run': { eventType, endpoint } };
    const plan = planGraphs({ entries, active: active(entries), prune: false });

    expect(plain(renderPlan(plan))).toBe('order.paid (version 3) unchanged\n\nNothing changes.');
    expect(renderReport({ plan, graphs: [] })).toBe('Nothing to apply.');
  });

  it('hands no control character of a setting to the terminal', () => {
    const plan = planGraphs({
      entries: { 'a.run': { eventType, endpoint, filter: '"\u001b]0;owned\u0007"' } },
      active: active({ 'a.run': { eventType, endpoint } }),
      prune: false,
    });

    expect(plain(renderPlan(plan))).toContain('filter: none → "�]0;owned�"');
  });
});
