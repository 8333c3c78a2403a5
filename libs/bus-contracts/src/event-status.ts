import type { AttemptOutcome } from './entities/attempt';
import type { ExecutionSummary } from './cancel-outcome';

export interface AttemptSummary {
  operation: string;
  attempt: number;
  outcome: AttemptOutcome;
  code?: string;
  reason?: string;
  /** `null`: no call was made. */
  durationMs: number | null;
  /** RFC 3339. */
  endedAt: string;
}

/** Answer of `GET /v1/events/{source}/{messageId}`. Times are RFC 3339. */
export interface EventStatus {
  event: {
    /** `null`: cancelled or rescheduled before it arrived. */
    eventId: string | null;
    source: string;
    messageId: string;
    type: string | null;
    key: string | null;
    /** The payload as JSON; `null` once retention took it. */
    payload: unknown;
    occurredAt: string | null;
    deliverAt: string | null;
    storedAt: string | null;
    cancelledAt: string | null;
    /** No operation was configured for its type when it was stored. */
    unrouted: boolean;
  };
  executions: ExecutionSummary[];
  /** Ended attempts, oldest first. */
  attempts: AttemptSummary[];
}
