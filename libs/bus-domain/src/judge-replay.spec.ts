import { judgeReplay, judgeSkip, pendingOnReplay, type ExecutionStanding } from './judge-replay';

const dead: ExecutionStanding = {
  home: 'dead_letter',
  attempt: 3,
  lastOutcome: 'rejected',
  tooOld: false,
  cancelled: false,
};
const completed: ExecutionStanding = { ...dead, home: null, lastOutcome: 'completed' };
const asked = { expectedAttempt: 3, force: false };

describe(judgeReplay, () => {
  it('lets dead letters and skipped executions run again', () => {
    expect(judgeReplay(dead, asked)).toBeNull();
    expect(judgeReplay({ ...completed, lastOutcome: 'skipped' }, asked)).toBeNull();
  });

  it('repeats an effect by force only', () => {
    expect(judgeReplay(completed, asked)).toBe('needs_force');
    expect(judgeReplay(completed, { ...asked, force: true })).toBeNull();
  });

  it('knows a second click and an execution that went on by its attempt', () => {
    expect(judgeReplay(dead, { ...asked, expectedAttempt: 2 })).toBe('conflict');
    expect(judgeReplay({ ...completed, attempt: 4 }, { ...asked, force: true })).toBe('conflict');
  });

  it.each(['in_flight', 'due', 'waiting'] as const)(
    'leaves alone what is in %s, whatever is forced',
    (home) => {
      expect(judgeReplay({ ...dead, home }, { ...asked, force: true })).toBe('conflict');
    },
  );

  it('never runs what was cancelled', () => {
    expect(judgeReplay({ ...dead, cancelled: true }, { ...asked, force: true })).toBe('cancelled');
    expect(
      judgeReplay({ ...completed, attempt: 0, lastOutcome: null }, { ...asked, expectedAttempt: 0 }),
    ).toBe('conflict');
  });

  it('trap-20: runs what the service may have forgotten by force only', () => {
    expect(judgeReplay({ ...dead, tooOld: true }, asked)).toBe('too_old');
    expect(judgeReplay({ ...dead, tooOld: true }, { ...asked, force: true })).toBeNull();
  });
});

describe(judgeSkip, () => {
  it.each(['due', 'waiting', 'dead_letter'] as const)('ends what is in %s', (home) => {
    expect(judgeSkip({ ...dead, home }, asked)).toBeNull();
  });

  it('leaves alone what runs, what has ended, what was cancelled and what went on', () => {
    expect(judgeSkip({ ...dead, home: 'in_flight' }, asked)).toBe('conflict');
    expect(judgeSkip(completed, asked)).toBe('ended');
    expect(judgeSkip({ ...completed, cancelled: true }, asked)).toBe('cancelled');
    expect(judgeSkip(dead, { expectedAttempt: 2 })).toBe('conflict');
  });
});

describe(pendingOnReplay, () => {
  const dependencies = [
    { operationId: 1, home: null, replayed: false },
    { operationId: 2, home: 'in_flight', replayed: false },
    { operationId: 3, home: 'dead_letter', replayed: false },
    { operationId: 4, home: 'dead_letter', replayed: true },
    { operationId: 5, home: 'due', replayed: false },
    { operationId: 6, home: null, replayed: true },
  ] as const;

  it('waits for what is open, and for the dead where it says block', () => {
    expect(pendingOnReplay({ onDependencyDead: 'block' }, dependencies)).toEqual([2, 3, 4, 5, 6]);
  });

  it.each(['skip', 'run'] as const)('does not wait for the dead under %s', (onDependencyDead) => {
    expect(pendingOnReplay({ onDependencyDead }, dependencies)).toEqual([2, 4, 5, 6]);
  });
});
