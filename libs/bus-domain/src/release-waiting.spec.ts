import { OPERATION_DEFAULTS, type OnDependencyDead } from '@bus/contracts';
import { allDependents, releaseWaiting, type DependentRow } from './release-waiting';
import { toRunnableGraph } from './runnable-graph';

const operation = (
  operationId: number,
  name: string,
  dependsOn: string[] = [],
  onDependencyDead: OnDependencyDead = 'block',
) => ({
  ...OPERATION_DEFAULTS,
  operationId,
  name,
  eventType: 'order.paid',
  endpoint: 'tcp://127.0.0.1:1',
  dependsOn,
  onDependencyDead,
});
const graphWith = (onDependencyDead: OnDependencyDead) =>
  toRunnableGraph({ graphId: 1, eventType: 'order.paid', version: 1 }, [
    operation(1, 'a.run'),
    operation(2, 'b.run', ['a.run'], onDependencyDead),
    operation(3, 'c.run', ['b.run']),
    operation(4, 'd.run', ['a.run', 'c.run'], 'run'),
  ]);
const waiting = (operationId: number, pending: number[], over: Partial<DependentRow> = {}): DependentRow => ({
  eventId: 'e1',
  operationId,
  home: 'waiting',
  attempt: 0,
  counted: 0,
  laneKey: null,
  place: null,
  pending,
  ...over,
});
const run = (end: 'satisfied' | 'dead', rows: DependentRow[], onDependencyDead: OnDependencyDead = 'block') =>
  releaseWaiting([{ eventId: 'e1', operationId: 1, end }], rows, () => graphWith(onDependencyDead)).map(
    (release) =>
      release.kind === 'keep'
        ? [release.row.operationId, 'keep', release.pending]
        : [release.row.operationId, release.kind],
  );

describe(releaseWaiting.name, () => {
  it('places what has nothing left to wait for, and shortens the others', () => {
    expect(run('satisfied', [waiting(2, [1]), waiting(3, [2]), waiting(4, [1, 3])])).toEqual([
      [2, 'place'],
      [4, 'keep', [3]],
    ]);
  });

  it('keeps the place in a lane even when no dependency is left', () => {
    expect(run('satisfied', [waiting(2, [1], { laneKey: 'k', place: '7' })])).toEqual([[2, 'keep', []]]);
  });

  it('leaves a delayed execution in due, with one reason less', () => {
    expect(run('satisfied', [waiting(2, [1], { home: 'due' })])).toEqual([[2, 'keep', []]]);
  });

  it('changes nothing when an end is told twice', () => {
    expect(run('satisfied', [waiting(2, []), waiting(4, [3])])).toEqual([]);
  });

  it('holds dependents of a dead operation under block', () => {
    expect(run('dead', [waiting(2, [1])], 'block')).toEqual([]);
  });

  it('runs dependents of a dead operation under run', () => {
    expect(run('dead', [waiting(2, [1])], 'run')).toEqual([[2, 'place']]);
  });

  it('skips dependents under skip, which satisfies theirs all the way down', () => {
    expect(run('dead', [waiting(2, [1]), waiting(3, [2]), waiting(4, [1, 3])], 'skip')).toEqual([
      [2, 'skip'],
      [3, 'place'],
      [4, 'keep', [3]],
    ]);
  });

  it('never mixes up events', () => {
    expect(run('satisfied', [waiting(2, [1], { eventId: 'e2' })])).toEqual([]);
  });
});

describe(allDependents.name, () => {
  it('names direct and indirect dependents once', () => {
    expect(allDependents(graphWith('block'), 1).sort()).toEqual([2, 3, 4]);
    expect(allDependents(graphWith('block'), 4)).toEqual([]);
  });
});
