/**
 * How an execution of a fresh event begins.
 * `skipped`: its filter said no, or it is disabled; counts as satisfied for its dependents.
 * `later`: a delay; the due time is `at` (or now, by the database clock) plus `plusMs`, never before now.
 * `place`: now. With `pending` empty and a slot reserved it starts at once; without a slot it is due at once; behind
 * the head of its lane or with dependencies pending it waits. The store decides who heads a lane.
 */
export type PlannedStart =
  | { kind: 'skipped'; code: 'filtered' | 'disabled' }
  | { kind: 'later'; at: string | null; plusMs: number }
  | { kind: 'place'; slot: boolean };

export interface PlannedExecution {
  operationId: number;
  /** The event's key where the operation is ordered and the event has one; else `null`: no lane. */
  laneKey: string | null;
  /** Operation ids that must end first; without those skipped at once. */
  pending: readonly number[];
  /** From `leaseMsOf`. */
  leaseMs: number;
  start: PlannedStart;
}
