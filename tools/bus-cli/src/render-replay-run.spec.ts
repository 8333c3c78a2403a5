import { renderReplayRun } from './render-replay-run';

const run = {
  runId: '019a0000-0000-7000-8000-000000000000',
  state: 'running' as const,
  ratePerSecond: 50,
  selected: 400,
  replayed: 198,
  conflicts: 2,
  refused: 0,
};

describe(renderReplayRun, () => {
  it('tells how far a run is', () => {
    expect(renderReplayRun(run)).toBe(
      'running   [==========          ] 200 of 400, 198 replayed, 2 conflicts, 0 refused, 50/s',
    );
  });

  it('is full at the end, even where less was left than it began with', () => {
    expect(renderReplayRun({ ...run, state: 'completed', replayed: 100 })).toContain(
      '[====================]',
    );
    expect(renderReplayRun({ ...run, selected: 0, replayed: 0, conflicts: 0 })).toContain(' 0 of 0');
  });
});
