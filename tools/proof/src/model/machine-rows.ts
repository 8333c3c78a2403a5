import type { AttemptOutcome, ExecutionState } from '@bus/contracts';
import type { RunnableOperation } from '@bus/domain';
import type { ModelEvent } from './step';

interface Row {
  attempt: number;
  counted: number;
}
export interface DueRow extends Row {
  in: 'due';
  dueAt: number;
  pending: readonly number[];
}
export interface WaitingRow extends Row {
  in: 'waiting';
  /** `null`: the head of its lane, or no lane. */
  place: number | null;
  pending: readonly number[];
}
export type Home =
  (Row & { in: 'in_flight' }) | DueRow | WaitingRow | (Row & { in: 'dead_letter'; rejected: boolean });

/** One execution: at most one home row, and the outcomes of its attempts. */
export interface Execution {
  event: ModelEvent;
  operation: RunnableOperation;
  /** `null`: no lane. */
  key: string | null;
  home: Home | null;
  outcomes: AttemptOutcome[];
}

export interface Lane {
  operationId: number;
  key: string;
  head: Execution;
  nextPlace: number;
  blocked: boolean;
}

/** An attempt has begun, or ended other than by a skip: it stays so. */
export const hasStarted = (execution: Execution): boolean =>
  execution.home?.in === 'in_flight' || execution.outcomes.some((outcome) => outcome !== 'skipped');

/** As the view `execution` says it, an operation's own state aside. */
export function underlyingState(
  execution: Execution,
  isDead: (operationId: number) => boolean,
  lane: Lane | undefined,
): ExecutionState | null {
  const { home, outcomes, event } = execution;
  const last = outcomes.at(-1);
  switch (home?.in) {
    case 'in_flight':
      return 'in_flight';
    case 'due':
      return home.attempt > 0 ? 'retrying' : 'scheduled';
    case 'waiting':
      if (home.pending.some(isDead)) return 'held';
      return home.place !== null && lane?.blocked ? 'held' : 'waiting';
    case 'dead_letter':
      return home.rejected ? 'rejected' : 'dead';
    case undefined:
      if (last === 'completed' || last === 'skipped') return last;
      return last === undefined && event.cancelled ? 'cancelled' : null;
  }
}
