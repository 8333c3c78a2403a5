import type { AttemptOutcome, DeadCause } from '@bus/contracts';
import type { RunnableGraph } from '@bus/domain';

/** Graph versions by id, in memory. */
export abstract class GraphCatalog {
  /** @throws RangeError where it was not loaded */
  abstract graph(graphId: number): RunnableGraph;
  /** Loads what is missing. */
  abstract load(graphIds: Iterable<number>): Promise<void>;
}

/** Slots of this replica. `take` reserves one synchronously; `release` gives it back when a transaction failed. */
export interface SlotTaker {
  /** False: no slot, paused, rated or breaker open; the execution goes to `due`. */
  take(operationId: number): boolean;
  release(operationId: number): void;
}

/** Who dispatches: named in every row it leases. */
export interface DispatchContext {
  /** From `register`; new at every process start. */
  dispatcherId: number;
  slots: SlotTaker;
  catalog: GraphCatalog;
  /** The event's data where it is in memory; else it is read. */
  event(eventId: string): LoadedEvent | undefined;
}

/** What a call needs of its event. */
export interface LoadedEvent {
  eventId: string;
  source: string;
  messageId: string;
  type: string;
  key: string | null;
  payload: string;
  /** RFC 3339. */
  occurredAt: string;
  traceparent: string | null;
  graphId: number;
}

/** Leased to this dispatcher and committed: its call may leave. */
export interface ClaimedExecution {
  eventId: string;
  operationId: number;
  /** The fence. */
  attempt: number;
  /** How many attempts count towards `maxAttempts`, this one included. */
  counted: number;
  /** Outputs of its completed dependencies by operation name; `null` where it has no dependencies. */
  inputs: Record<string, unknown> | null;
  /** How often its effect was repeated on purpose; part of the executionId. */
  forcedRuns: number;
}

/** Claimed executions, and those of their events that the context did not have. */
export interface Claimed {
  executions: ClaimedExecution[];
  events: LoadedEvent[];
}

/** What follows an ended attempt. */
export type AfterAttempt =
  /** completed or skipped. */
  | { kind: 'ended' }
  /** Due again `inMs` from now. `counts` false: given back. Too old (event's time + maxAgeMs, database clock): dead. */
  | { kind: 'again'; inMs: number; counts: boolean; maxAgeMs: number | null }
  | { kind: 'dead'; cause: DeadCause };

/** The end of one attempt, guarded by its fence. */
export interface AttemptEnd {
  eventId: string;
  operationId: number;
  attempt: number;
  graphId: number;
  /** The event's key, whether or not the operation is ordered. */
  key: string | null;
  outcome: AttemptOutcome;
  code: string | null;
  /** ≤ 2 KB, no NUL. */
  reason: string | null;
  /** JSON text, ≤ 16 KB. */
  output: string | null;
  durationMs: number | null;
  after: AfterAttempt;
}

export interface CloseOutcome {
  /** Same order as given: false = fenced off (another took over): dropped, to be counted. */
  applied: boolean[];
  /** Executions that died in this close, by index into the ends (rejected, used up, too old). */
  dead: number[];
  /** Dependents and next heads of lanes that start now. */
  released: Claimed;
  /** Something became due at once (no slot): worth a claim. */
  dueNow: boolean;
}

/** Room of one operation for claims from `due`. */
export interface ClaimRoom {
  operationId: number;
  /** Slots that the caller has reserved for this claim, > 0; it releases those that were not used. */
  free: number;
  /**
   * Of these, for executions that were attempted before while others that were not are due; ≤ `free` is used.
   * Without fresh work it binds nothing. Default: no such limit.
   */
  retries?: number;
  leaseMs: number;
  /** Ordered in its active graph version: claimed by itself, through the lanes. */
  ordered: boolean;
  /** `null`: no limit; else claimed by itself, with tokens from the cluster's bucket. */
  ratePerSecond: number | null;
  /** From the last claim's `lowWater`, opaque; `null`: full scan (at start, after a reconnect, every 5 min). */
  lowWater: string | null;
}

export interface ClaimOutcome extends Claimed {
  /** Operation id → low-water mark for its next claim. */
  lowWater: Map<number, string>;
  /** Operation ids that had at least as many due rows as room, or more retries than their share. */
  more: Set<number>;
}

/** An attempt whose lease ended. */
export interface ExpiredExecution {
  eventId: string;
  operationId: number;
  attempt: number;
  counted: number;
  graphId: number;
  key: string | null;
}

/** Port: executions that run and wait (TX2, TX3, TX4 of docs/guarantees.md). */
export abstract class ExecutionLedger {
  /** A new dispatcher id. Called once per process start. */
  abstract register(): Promise<number>;

  /** TX2: claims due executions, at most each operation's room. Paused and disabled operations must not be given. */
  abstract claim(rooms: readonly ClaimRoom[], context: DispatchContext): Promise<ClaimOutcome>;

  /** TX3, group commit: ends attempts, frees lanes and dependents. ≤ 500 ends. All or nothing. */
  abstract close(ends: readonly AttemptEnd[], context: DispatchContext): Promise<CloseOutcome>;

  /** TX4's look: attempts past their lease, ≤ `limit`, read without a lock; `close` with outcome `unknown` decides. */
  abstract expired(limit: number): Promise<ExpiredExecution[]>;

  /** In-flight rows of this dispatcher that it may not know of (COMMIT's answer was lost): to be given back or run. */
  abstract ownInFlight(dispatcherId: number): Promise<ExpiredExecution[]>;

  /**
   * What an idle replica asks once a second, in one statement: operation ids with due rows now, the time until the
   * next due row (`null`: none), whether a lease has ended, and the revision of the configuration.
   */
  abstract pulse(look: PulseLook): Promise<LedgerPulse>;
}

export interface PulseLook {
  /** As of a claim: below its mark nothing of an operation is looked for. */
  lowWater: ReadonlyMap<number, string>;
  /** Whether leases are looked at: reads all that is in flight, and every dead row of it that a snapshot holds. */
  leases: boolean;
}

export interface LedgerPulse {
  dueOperationIds: number[];
  nextDueInMs: number | null;
  /** `false` too where leases were not looked at. */
  leaseEnded: boolean;
  /** Operation id → low-water mark of those that are active and have nothing due. */
  lowWater: Map<number, string>;
  /** Changes whenever a graph or a live setting changes. */
  revision: string;
}
