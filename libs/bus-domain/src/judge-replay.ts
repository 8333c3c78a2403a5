import type { AttemptOutcome } from '@bus/contracts';

/** Days for which services keep what tells a repeated execution from a new one. */
export const REPLAY_WITHIN_DAYS = 90;

/** Where an execution is, as one statement saw it. */
export interface ExecutionStanding {
  /** `null`: it ended without a dead letter, was cancelled, or is not there. */
  home: 'in_flight' | 'due' | 'waiting' | 'dead_letter' | null;
  /** Of the home row; else the last attempt; 0 = none. */
  attempt: number;
  /** Of the last attempt; `null`: none has ended. */
  lastOutcome: AttemptOutcome | null;
  /** The first attempt that may have had an effect is older than `REPLAY_WITHIN_DAYS`, by the database clock. */
  tooOld: boolean;
  /** Its event is cancelled. */
  cancelled: boolean;
}

/**
 * `conflict`: it is open, in flight, or has gone on since the person looked. `cancelled`: it never runs.
 * `needs_force`: it completed. `too_old`: the service may have forgotten the effect, so only `force` says so openly.
 * `ended`: there is nothing left to skip.
 */
export type ControlRefusal = 'conflict' | 'cancelled' | 'needs_force' | 'too_old' | 'ended';

/**
 * Whether a person may run an execution again (docs/guarantees.md, G16). Only what has ended is replayed.
 * @param asked the attempt that the person saw, and whether the effect is to be repeated
 * @returns `null`: yes
 */
export function judgeReplay(
  standing: ExecutionStanding,
  asked: { expectedAttempt: number; force: boolean },
): ControlRefusal | null {
  if (standing.cancelled) return 'cancelled';
  if (standing.attempt !== asked.expectedAttempt) return 'conflict';
  if (standing.home !== null && standing.home !== 'dead_letter') return 'conflict';
  if (standing.home === null) {
    if (standing.lastOutcome !== 'completed' && standing.lastOutcome !== 'skipped') return 'conflict';
    if (standing.lastOutcome === 'completed' && !asked.force) return 'needs_force';
  }
  return standing.tooOld && !asked.force ? 'too_old' : null;
}

/** Whether a person may end an execution without a call: all that is open and not in flight, and dead letters. */
export function judgeSkip(
  standing: ExecutionStanding,
  asked: { expectedAttempt: number },
): ControlRefusal | null {
  if (standing.cancelled) return 'cancelled';
  if (standing.attempt !== asked.expectedAttempt || standing.home === 'in_flight') return 'conflict';
  return standing.home === null ? 'ended' : null;
}

/**
 * What a replayed execution has to wait for: those of its dependencies that are open again or still. A dead one holds
 * it only under `block`; one that is replayed together with it is open again.
 */
export function pendingOnReplay(
  operation: { onDependencyDead: 'block' | 'skip' | 'run' },
  dependencies: readonly { operationId: number; home: ExecutionStanding['home']; replayed: boolean }[],
): number[] {
  return dependencies
    .filter(({ home, replayed }) => {
      if (replayed) return true;
      if (home === 'dead_letter') return operation.onDependencyDead === 'block';
      return home !== null;
    })
    .map(({ operationId }) => operationId);
}
