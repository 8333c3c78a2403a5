import type { ExecutionState } from '@bus/contracts';

/**
 * `lost`: neither a home nor an end · `two_homes` · `orphan_home`: a home row without its event, or of an operation
 * that is not in the event's graph · `cancelled_but_open`: a home row of a cancelled event · `lost_wakeup`: waits for
 * nothing that could still end · `lane_head_lost`: a lane whose head has no home, or died without blocking it ·
 * `lane_missing`: a place in a lane that is not there · `lease_expired`: in flight over 5 s past its lease ·
 * `attempt_gap`: attempt numbers that do not follow one another, or do not fit the home row
 */
export const RECONCILE_FAULTS = [
  'lost',
  'two_homes',
  'orphan_home',
  'cancelled_but_open',
  'lost_wakeup',
  'lane_head_lost',
  'lane_missing',
  'lease_expired',
  'attempt_gap',
] as const;
export type ReconcileFaultKind = (typeof RECONCILE_FAULTS)[number];

export interface ReconcileFault {
  kind: ReconcileFaultKind;
  eventId: string;
  /** Its name; `operation <id>` where there is none of that id. */
  operation: string;
  detail: string;
}

export interface OperationTotal {
  operation: string;
  /** `null`: lost, a fault. */
  state: ExecutionState | null;
  executions: number;
}

export interface ReconcileSearch {
  /** Events published at or after this time. Default: all. Lanes are always all looked at. */
  since?: Date | null;
  /** Faults that are told; the search ends there. Default 1,000. */
  limit?: number;
  /** Events of one page, at most 10,000: what one statement looks at. Default 2,000. */
  pageEvents?: number;
  /** Called after each page. @param events looked at so far */
  onPage?: (events: number) => void;
}

/**
 * Port: whether each execution of each stored event has just one home or an end (I14 of docs/guarantees.md). Every
 * page is one snapshot, so a bus that runs meanwhile makes no false fault; only `lease_expired` depends on the time.
 */
export abstract class Reconciliation {
  abstract faults(search?: ReconcileSearch): Promise<ReconcileFault[]>;
  /** Executions per operation and state, by operation. */
  abstract totals(search?: Omit<ReconcileSearch, 'limit'>): Promise<OperationTotal[]>;
}
