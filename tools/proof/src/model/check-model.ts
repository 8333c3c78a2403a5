import fc from 'fast-check';
import { modelRun } from './model-run';

export interface ModelCheck {
  runs: number;
  steps: number;
  /** Moves of executions from one state to another, each compared. */
  moves: number;
  /** Shrunk to what is needed; `null`: all runs held. */
  failure: string | null;
}

const MOST_STEPS = 30;
/** Enough digits for every choice of one step. */
const LARGEST = 2 ** 48;

/** Random runs of the machine against the reference. The same seed plays the same runs. */
export function checkModel(seed: number, runs: number): ModelCheck {
  const check: ModelCheck = { runs: 0, steps: 0, moves: 0, failure: null };
  const number = fc.noBias(fc.maxSafeNat().map((drawn) => drawn % LARGEST));
  const numbers = fc.array(number, { minLength: 4, maxLength: MOST_STEPS, size: 'max' });
  const found = fc.check(
    fc.property(fc.noBias(fc.nat()), numbers, (shape, steps) => {
      const run = modelRun(shape, steps);
      check.runs += 1;
      check.steps += run.steps;
      check.moves += run.moved;
    }),
    { seed: seed | 0, numRuns: runs },
  );
  if (found.failed) {
    const [shape, steps] = found.counterexample ?? [];
    const error = found.errorInstance as Error | null;
    check.failure = `${error?.message ?? 'failed'}\nmodelRun(${shape}, ${JSON.stringify(steps)}), path ${found.counterexamplePath}`;
  }
  return check;
}
