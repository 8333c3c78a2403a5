import type { ExecutionState } from '@bus/contracts';

/** Before its event was stored. */
export type StateBefore = ExecutionState | 'new';

/**
 * The one table of legal moves (docs/guarantees.md, "States and allowed moves"). What is not listed is a fault.
 * `new → completed` and alike never happen: an attempt is on record before its call leaves.
 */
export const LEGAL_MOVES: Readonly<Record<StateBefore, readonly ExecutionState[]>> = {
  /** Delay, rate, no slot · dependency, lane · paused, lane blocked · slot · filter, disabled · placeholder. */
  new: ['scheduled', 'waiting', 'held', 'in_flight', 'skipped', 'cancelled'],
  /** Claimed · dependency or lane when due · paused, dependency dead · rescheduled · by a person. */
  scheduled: ['in_flight', 'waiting', 'held', 'scheduled', 'skipped', 'cancelled'],
  /** Placed (`retrying` if it was replayed) · one reason less · dependency dead, lane blocked · by a person. */
  waiting: ['in_flight', 'scheduled', 'retrying', 'waiting', 'held', 'skipped', 'cancelled'],
  /** Resumed, unblocked · dependency replayed · by a person. */
  held: ['scheduled', 'retrying', 'in_flight', 'waiting', 'skipped', 'cancelled'],
  /** `skipped`: its filter could be read only before the call, and said no. `retrying`: any failure, or given back. */
  in_flight: ['completed', 'rejected', 'retrying', 'dead', 'skipped'],
  retrying: ['in_flight', 'waiting', 'held', 'skipped'],
  /** By a forced replay only. */
  completed: ['retrying', 'waiting', 'held'],
  /** By replay. */
  skipped: ['retrying', 'waiting', 'held'],
  /** By replay · `skipped`: given up by a person, so that its lane and its dependents go on. */
  rejected: ['retrying', 'waiting', 'held', 'skipped'],
  dead: ['retrying', 'waiting', 'held', 'skipped'],
  cancelled: [],
};

/** States that nothing leaves by itself. */
export const ENDED_STATES: readonly ExecutionState[] = [
  'completed',
  'skipped',
  'rejected',
  'dead',
  'cancelled',
];

/** Whether an execution may go from one state to another. `cancelled` moreover needs that no attempt has started. */
export function isLegalMove(from: StateBefore, to: ExecutionState): boolean {
  return LEGAL_MOVES[from].includes(to);
}
