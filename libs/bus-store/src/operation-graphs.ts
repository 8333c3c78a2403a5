import type { OperationGraph, OperationSettings, OperationState } from '@bus/contracts';
import type { RunnableGraph } from '@bus/domain';

/** Who changes the configuration, for `audit_entry`. */
export interface ChangeAuthor {
  actor: string;
  /** Default `null`. */
  reason?: string | null;
  /** Where the request came from. Default `null`. */
  ip?: string | null;
}

export interface GraphActivation {
  eventType: string;
  /** The version that was active when the change was planned; `null`: none. */
  expectedVersion: number | null;
  /** Complete settings; empty retires the event type's graph. */
  operations: OperationSettings[];
  /** Operations whose state stays what it is at that moment, whatever `operations` say. Default none. */
  keepState?: readonly string[];
  /** Who, for `audit_entry`. */
  actor: string;
  reason: string | null;
  /** Where the request came from. Default `null`. */
  ip?: string | null;
}

export interface ActivatedGraph {
  eventType: string;
  /** `unchanged`: the active graph says the same already; nothing was written. */
  outcome: 'activated' | 'retired' | 'unchanged';
  /** `null`: none is active now. */
  graphId: number | null;
  /** The active one; of a retired graph its last; 0: the event type never had one. */
  version: number;
}

export type ActivationOutcome =
  | { outcome: 'activated' | 'retired' | 'unchanged'; graphId: number | null; version: number }
  /** Another change came first. */
  | { outcome: 'stale'; activeVersion: number | null };

export type ActivationsOutcome =
  | { outcome: 'applied'; graphs: ActivatedGraph[] }
  /** Another change came first; nothing was activated. */
  | { outcome: 'stale'; eventType: string; activeVersion: number | null };

/** Port: versioned operation graphs and live settings. */
export abstract class OperationGraphs {
  /** Changes whenever a graph or a live setting changes; cheap. */
  abstract revision(): Promise<string>;
  /** All active graphs, with live settings merged in. */
  abstract active(): Promise<RunnableGraph[]>;
  /** Any versions, retired ones included, with live settings merged in. Unknown ids are absent. */
  abstract byIds(graphIds: readonly number[]): Promise<RunnableGraph[]>;
  /** Versions as they were activated, newest first, for people. @param limit default 200 */
  abstract history(eventType?: string, limit?: number): Promise<OperationGraph[]>;
  /**
   * Several event types at once, all or none, so that an operation can move from one to another. Each is guarded by
   * its `expectedVersion`; each leaves an `audit_entry`, refusals too.
   * @throws BusError `unprocessable` for faulty graphs, with every fault
   */
  abstract activateAll(changes: readonly GraphActivation[]): Promise<ActivationsOutcome>;
  /**
   * Live, on every replica within 2 s; writes an `audit_entry`. False: no such operation. It holds for every graph
   * version that has the operation, and makes no new version.
   */
  abstract setState(
    operation: string,
    state: OperationState,
    actor: string,
    context?: Omit<ChangeAuthor, 'actor'>,
  ): Promise<boolean>;

  /** One event type; see `activateAll`. */
  async activate(change: GraphActivation): Promise<ActivationOutcome> {
    const result = await this.activateAll([change]);
    if (result.outcome === 'stale') return { outcome: 'stale', activeVersion: result.activeVersion };
    const [{ outcome, graphId, version }] = result.graphs as [ActivatedGraph];
    return { outcome, graphId, version };
  }
}
