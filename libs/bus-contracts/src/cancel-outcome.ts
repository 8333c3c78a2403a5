import type { ExecutionState } from './entities/execution';

export interface ExecutionSummary {
  operation: string;
  state: ExecutionState;
  /** The last attempt; 0 = none has started. */
  attempt: number;
}

/**
 * `cancelled`: no attempt has started or ever will, even if the event has not arrived yet.
 * `already_cancelled`: the same, said again. `too_late`: at least one attempt started, or nothing was left to run.
 */
export interface CancelAnswer {
  outcome: 'cancelled' | 'already_cancelled' | 'too_late';
  executions: ExecutionSummary[];
}

export interface RescheduleAnswer {
  outcome: 'rescheduled' | 'too_late';
  executions: ExecutionSummary[];
}

export interface RescheduleRequest {
  /** RFC 3339; at most 366 days ahead. */
  deliverAt: string;
}
