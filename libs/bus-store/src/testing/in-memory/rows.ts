import type {
  AttemptOutcome,
  DeadCause,
  ExecutionState,
  OperationSettings,
  OperationState,
} from '@bus/contracts';
import type { StateBefore } from '@bus/domain';
import type { QuarantinedRecord } from '../../event-inbox';

/** Names an execution in every map: `<event id>/<operation id>`. */
export const executionName = (eventId: string, operationId: number): string => `${eventId}/${operationId}`;
/** Names a lane in every map: `<operation id>/<key>`. */
export const laneName = (operationId: number, key: string): string => `${operationId}/${key}`;

/** The order of claims: due time, then event id. */
export function byDueTime(a: DueRow, b: DueRow): number {
  if (a.dueAtMs !== b.dueAtMs) return a.dueAtMs - b.dueAtMs;
  if (a.tick !== b.tick) return a.tick - b.tick;
  return a.eventId < b.eventId ? -1 : 1;
}

/** Times are ms of the database clock. */
export interface EventRow {
  eventId: string;
  identity: string;
  source: string;
  messageId: string;
  type: string;
  key: string | null;
  payload: string;
  /** As published. */
  occurredAt: string;
  traceparent: string | null;
  deliverAtMs: number | null;
  graphId: number | null;
  partition: number;
  offset: bigint;
  storedAtMs: number;
}

export interface IdentityRow {
  identity: string;
  /** `null`: a placeholder. */
  eventId: string | null;
  contentHash: Buffer | null;
  cancelledAtMs: number | null;
  /** Of a rescheduled placeholder. */
  deliverAtMs: number | null;
}

interface ExecutionRow {
  eventId: string;
  operationId: number;
  attempt: number;
}

export interface InFlightRow extends ExecutionRow {
  counted: number;
  leaseUntilMs: number;
  dispatcherId: number;
}

export interface DueRow extends ExecutionRow {
  dueAtMs: number;
  /** Orders what the clock gave in the same ms; 0 for a time that somebody asked for. */
  tick: number;
  counted: number;
  key: string | null;
  pending: readonly number[];
}

export interface WaitingRow extends ExecutionRow {
  counted: number;
  key: string | null;
  place: number | null;
  pending: readonly number[];
}

export interface LaneRow {
  operationId: number;
  key: string;
  headEventId: string;
  nextPlace: number;
  blockedBy: string | null;
}

export interface AttemptRow extends ExecutionRow {
  outcome: AttemptOutcome;
  code: string | null;
  reason: string | null;
  output: string | null;
  durationMs: number | null;
  dispatcherId: number | null;
  endedAtMs: number;
}

export interface DeadLetterRow extends ExecutionRow {
  cause: DeadCause;
  code: string | null;
  reason: string | null;
  diedAtMs: number;
}

export interface QuarantineRow extends QuarantinedRecord {
  logId: string;
  partition: number;
}

export interface OperationRow {
  operationId: number;
  name: string;
  eventType: string;
  settings: OperationSettings;
  state: OperationState;
  tokens: number | null;
  refilledAtMs: number | null;
}

export interface GraphRow {
  graphId: number;
  eventType: string;
  version: number;
  active: boolean;
  operations: readonly (OperationSettings & { operationId: number })[];
  activatedAtMs: number;
  activatedBy: string;
}

/** What one transaction did to one execution, seen by its rows. */
export interface ExecutionMove {
  eventId: string;
  operationId: number;
  from: StateBefore;
  /** `null`: it has neither a home nor an end. */
  to: ExecutionState | null;
  /** In the table of `execution-state.ts`. */
  legal: boolean;
}

export interface InMemoryStoreOptions {
  /** The database clock. */
  nowMs(): number;
  /** Told of every move after its transaction, legal or not. */
  onMove?(move: ExecutionMove): void;
}
