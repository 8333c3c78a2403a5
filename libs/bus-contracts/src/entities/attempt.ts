/** Stored as a small integer: the index here. Append new outcomes at the end. */
export const ATTEMPT_OUTCOMES = [
  'completed',
  'skipped',
  'retry',
  'rejected',
  'timeout',
  'faulty_reply',
  'unreachable',
  'unknown',
  'given_back',
] as const;
/**
 * How an attempt ended. `timeout`: no reply in time. `faulty_reply`: an answer that breaks the contract.
 * `unreachable`: never sent (refused connection). `unknown`: nobody saw its end. `given_back`: never sent, does not count.
 */
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** One ended RPC call of an execution (table `bus.attempt`, append only). */
export class Attempt {
  eventId!: string;
  operationId!: number;
  /** From 1; the fence. */
  attempt!: number;
  outcome!: AttemptOutcome;
  code!: string | null;
  reason!: string | null;
  /** JSON of a completed one. */
  output!: unknown;
  /** `null`: no call was made. */
  durationMs!: number | null;
  dispatcherId!: number | null;
  endedAt!: Date;
}
