import type { HeldEvent } from './in-flight-window';

/** An execution leased to this dispatcher, in memory until its end is written. */
export interface HeldExecution {
  held: HeldEvent;
  operationId: number;
  /** The fence. */
  attempt: number;
  counted: number;
  inputs: Record<string, unknown> | null;
  /** How often its effect was repeated on purpose; part of the executionId. */
  forcedRuns: number;
  /** End of the lease on this process's monotonic clock, counted from before its transaction. */
  leaseEndsMs: number;
  /** Unsent after this time it is given back (rated ones: their token is for now). */
  sendBeforeMs: number;
  /** Its filter said yes in this process: not asked again. */
  filterPassed: boolean;
  /** When the event was stored, where that was in this process just now. */
  storedMs: number | null;
}

/** Names an execution in memory. */
export function executionKey(eventId: string, operationId: number): string {
  return `${eventId}/${operationId}`;
}
