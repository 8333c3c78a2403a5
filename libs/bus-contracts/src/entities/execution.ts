export const EXECUTION_STATES = [
  'scheduled',
  'waiting',
  'held',
  'in_flight',
  'retrying',
  'completed',
  'skipped',
  'rejected',
  'dead',
  'cancelled',
] as const;
export type ExecutionState = (typeof EXECUTION_STATES)[number];

/** One operation for one event (view `bus.execution`). */
export class Execution {
  eventId!: string;
  operationId!: number;
  operation!: string;
  state!: ExecutionState;
  /** The last attempt; 0 = none yet. */
  attempt!: number;
  /** When a scheduled or retrying one is due. */
  dueAt!: Date | null;
}
