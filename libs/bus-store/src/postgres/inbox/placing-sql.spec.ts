import type { PlannedExecution } from '@bus/domain';
import { destinationsOf, placingSql } from './placing-sql';
import { planRows } from './planned-rows';

describe(destinationsOf, () => {
  const starts = (operationId: number, leaseMs = 30_000): PlannedExecution => ({
    operationId,
    start: { kind: 'place', slot: true },
    laneKey: null,
    pending: [],
    leaseMs,
  });
  const batch = (...events: PlannedExecution[][]) =>
    planRows(events.map((executions, at) => ({ event: { eventId: `event-${at}` }, executions })));

  it('names the operations once where each event starts the same ones', () => {
    expect(destinationsOf(batch([starts(1)]))).toEqual(['startedAlike']);
    expect(destinationsOf(batch([starts(1), starts(2)], [starts(1), starts(2)]))).toEqual(['startedAlike']);
    expect(destinationsOf(batch([starts(1)], [], [starts(1)]))).toEqual(['startedAlike']);
  });

  it.each([
    ['another operation', [starts(1), starts(3)]],
    ['another order', [starts(2), starts(1)]],
    ['another lease', [starts(1), starts(2, 60_000)]],
    ['fewer', [starts(1)]],
    ['more', [starts(1), starts(2), starts(3)]],
  ])('names each execution where one event starts %s', (_, second) => {
    const first = [starts(1), starts(2)];
    expect(destinationsOf(batch(first, second))).toEqual(['started']);
    expect(destinationsOf(batch(first, first, second))).toEqual(['started']);
    expect(destinationsOf(batch(second, first))).toEqual(['started']);
  });

  it('leaves out what has no rows', () => {
    expect(destinationsOf(batch([]))).toEqual([]);
    expect(placingSql([], 5).ctes).toBe('');
  });
});
