/**
 * `stepped`: executions of one run were replayed. `ended`: a run has none left. `idle`: no run may go on now.
 * `nextInMs`: when the next run may; `null`: none is running.
 */
export interface ReplayStep {
  outcome: 'stepped' | 'ended' | 'idle';
  runId: string | null;
  replayed: number;
  conflicts: number;
  refused: number;
  nextInMs: number | null;
}

/** Port: the work of replay runs. Any number of processes may ask: none does another's executions. */
export abstract class ReplaySteps {
  /** The next executions of one run, ≤ 100, in one transaction with the run's cursor and counters. */
  abstract next(): Promise<ReplayStep>;
}
