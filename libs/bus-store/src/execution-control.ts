import type { ExecutionState, ExecutionSummary } from '@bus/contracts';
import type { ControlRefusal } from '@bus/domain';
import type { ChangeAuthor } from './operation-graphs';

/** One execution, and the attempt that the person saw it at: who comes second changes nothing. */
export interface ExecutionReference {
  eventId: string;
  /** Its name. */
  operation: string;
  expectedAttempt: number;
}

export interface ReplayRequest extends ExecutionReference {
  /** Repeat the effect on purpose: a new executionId. The author must give a reason. */
  force: boolean;
}

/**
 * `conflict`: the execution is not what the person saw: another came first, it went on, or it is in flight.
 * `refused`: it may not. `not_found`: no such event, or its graph has no such operation. `unrouted`: its event has no
 * graph; route the event.
 */
export type NotControlled =
  | { outcome: 'conflict'; state: ExecutionState | null; attempt: number }
  | { outcome: 'refused'; why: Exclude<ControlRefusal, 'conflict'> }
  | { outcome: 'not_found' | 'unrouted' };

export type ReplayOutcome =
  | {
      outcome: 'replayed';
      /** When it starts at the earliest. */
      dueAt: Date;
      /** Operations that it waits for. */
      pending: string[];
      /** How often its effect was repeated on purpose. */
      forcedRuns: number;
    }
  | NotControlled;

export type SkipOutcome =
  | {
      outcome: 'skipped';
      /** The number that this end took. */
      attempt: number;
    }
  | NotControlled;

export interface LaneReference {
  operation: string;
  key: string;
  /** The event that the person saw as what blocks the lane. */
  blockedBy: string;
}

export type UnblockOutcome =
  /** `head`: the event that heads the lane now; `null`: the lane was empty and has ended. */
  { outcome: 'unblocked'; head: string | null } | { outcome: 'conflict' | 'not_found' };

export type RouteOutcome =
  | { outcome: 'routed'; graphId: number; version: number; executions: ExecutionSummary[] }
  /** `conflict`: it is routed already. `no_graph`: its type still has no active graph. */
  | { outcome: 'conflict' | 'no_graph' | 'cancelled' | 'not_found' };

/**
 * Port: what people do with executions (TX5 of docs/guarantees.md). Definitive answers; each leaves an `audit_entry`
 * in its transaction, refusals too.
 * @throws BusError `unavailable` with outcome `unknown` from every method: look, then ask again
 */
export abstract class ExecutionControl {
  /** G16, all in one transaction. @param requests ≤ 500, each execution once @returns in the same order */
  abstract replay(requests: readonly ReplayRequest[], author: ChangeAuthor): Promise<ReplayOutcome[]>;
  /** Ends an open or dead execution without a call: its lane goes on, its dependents are satisfied. */
  abstract skip(execution: ExecutionReference, author: ChangeAuthor): Promise<SkipOutcome>;
  /** A lane goes on behind its dead head, as with `onDead: skip`; the dead letter stays. */
  abstract unblock(lane: LaneReference, author: ChangeAuthor): Promise<UnblockOutcome>;
  /** Runs an event that was stored `unrouted` under the graph of its type that is active now. */
  abstract route(eventId: string, author: ChangeAuthor): Promise<RouteOutcome>;
}
