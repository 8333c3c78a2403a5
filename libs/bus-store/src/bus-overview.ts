/** Larger counts stop here: a backlog must not make the overview slow. */
export const COUNT_LIMIT = 100_000;

/** Counts up to `COUNT_LIMIT`, which then means "or more". */
export interface OperationCounts {
  operation: string;
  inFlight: number;
  /** Waiting for a time: delayed, retrying or surplus. */
  due: number;
  /** Of these, past their time. */
  overdue: number;
  waiting: number;
  deadLetters: number;
}

export interface BusOverviewView {
  /** Events published in the last hour that are stored. */
  eventsLastHour: number;
  inFlight: number;
  due: number;
  overdue: number;
  /** How long the oldest due row of an active operation has been past its time, in ms; 0: none is. */
  overdueForMs: number;
  waiting: number;
  blockedLanes: number;
  deadLetters: number;
  quarantined: number;
  operations: OperationCounts[];
  /** What bus-consumer has stored of each log. */
  positions: { logId: string; partition: number; nextOffset: string }[];
  readAt: Date;
}

/** Port: how the bus stands now, in a few bounded counts. */
export abstract class BusOverview {
  abstract read(): Promise<BusOverviewView>;
}
