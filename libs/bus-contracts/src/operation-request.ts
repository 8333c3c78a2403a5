import type { EventType, PayloadOf } from './event-map';
import type { Effect } from './operation-settings';

/** Version of the operation contract. */
export const CONTRACT_VERSION = 1;

/** What the bus sends to `{cmd:'operation.execute'}`, or as the JSON body of a POST. */
export interface OperationRequest<T extends EventType = EventType> {
  contract: typeof CONTRACT_VERSION;
  operation: string;
  /** UUID, the same for every attempt: the idempotency key. */
  executionId: string;
  /** From 1; the fence. A lower one than seen before is a late call. */
  attempt: number;
  /** Milliseconds left when the call was sent; counted by the receiver's own monotonic clock. */
  deadlineMs: number;
  effect: Effect;
  event: {
    messageId: string;
    source: string;
    type: T;
    key: string | null;
    payload: PayloadOf<T>;
    /** RFC 3339. */
    occurredAt: string;
  };
  /** Outputs of the operations it depends on, by name; an operation that was skipped or died is absent. */
  inputs?: Record<string, unknown>;
  /** W3C Trace Context. */
  traceparent?: string;
}
