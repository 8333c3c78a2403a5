import type { ReplayRunView } from './replay-runs';

const BAR_LENGTH = 20;

/** `running    [=====>    ] 120 of 400, 118 replayed, 2 conflicts, 0 refused, 50/s`. */
export function renderReplayRun(run: ReplayRunView): string {
  const { state, selected, replayed, conflicts, refused, ratePerSecond } = run;
  const done = replayed + conflicts + refused;
  // Dead letters may go by another way meanwhile: a run can end with less than it began with.
  const share = state === 'completed' || selected === 0 ? 1 : Math.min(1, done / selected);
  const filled = Math.floor(share * BAR_LENGTH);
  const bar = '='.repeat(filled).padEnd(BAR_LENGTH, ' ');
  const counts = `${replayed} replayed, ${conflicts} conflicts, ${refused} refused`;
  return `${state.padEnd(9)} [${bar}] ${done} of ${selected}, ${counts}, ${ratePerSecond}/s`;
}
