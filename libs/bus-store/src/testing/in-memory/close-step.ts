import type { DeadCause } from '@bus/contracts';
import {
  allDependents,
  leaseMsOf,
  type DependentRow,
  type EndedOperation,
  type Release,
  type RunnableGraph,
} from '@bus/domain';
import type { AttemptEnd, ClaimedExecution, CloseOutcome, DispatchContext } from '../../execution-ledger';
import { ClaimStep } from './claim-step';
import { inOrder, toDependent } from './dependent-rows';
import {
  executionName,
  laneName,
  type DueRow,
  type InFlightRow,
  type LaneRow,
  type WaitingRow,
} from './rows';

/** An execution that has ended, by an attempt or by a person. */
export interface EndedExecution {
  eventId: string;
  operationId: number;
  /** The event's key, whether or not the operation is ordered. */
  key: string | null;
  died: boolean;
}

/** Where ended executions free others: whose slots and settings count. */
export interface ReleaseContext {
  dispatcherId: number | null;
  /** Reserves a slot; false: what is released becomes due at once. */
  take(operationId: number): boolean;
  graphOf(eventId: string): RunnableGraph;
}

/** What ended executions set free. */
export type ReleasedExecutions = { started: ClaimedExecution[]; dueNow: boolean };

/** TX3. */
export abstract class CloseStep extends ClaimStep {
  /** The whole of `ExecutionLedger.close`, at this moment. The ends' graphs have to be in the context's catalog. */
  closeNow(ends: readonly AttemptEnd[], context: DispatchContext): CloseOutcome {
    const taken: number[] = [];
    const take = (operationId: number) => {
      if (!context.slots.take(operationId)) return false;
      taken.push(operationId);
      return true;
    };
    try {
      return this.transaction(() => {
        const applied = ends.map(() => false);
        const dead: number[] = [];
        const over: EndedExecution[] = [];
        const graphIdOf = new Map<string, number>();
        ends.forEach((end, index) => {
          const row = this.inFlight.get(executionName(end.eventId, end.operationId));
          if (!row || !this.fenceMatches(row, end)) return;
          const cause = this.end(row, end, context);
          applied[index] = true;
          graphIdOf.set(end.eventId, end.graphId);
          if (cause !== null) dead.push(index);
          if (cause !== null || end.after.kind !== 'again') over.push({ ...end, died: cause !== null });
        });
        const graphOf = (eventId: string) => context.catalog.graph(graphIdOf.get(eventId) ?? -1);
        const { dispatcherId } = context;
        const { started, dueNow } = this.releaseAfter(over, { dispatcherId, take, graphOf });
        return {
          applied,
          dead,
          released: { executions: started, events: this.loadInputs(started, context) },
          dueNow,
        };
      });
    } catch (error) {
      for (const operationId of taken) context.slots.release(operationId);
      throw error;
    }
  }

  /** Dependents and lanes of executions that have ended. Inputs of what starts are not loaded yet. */
  protected releaseAfter(over: readonly EndedExecution[], context: ReleaseContext): ReleasedExecutions {
    const released: ReleasedExecutions = { started: [], dueNow: false };
    if (over.length === 0) return released;
    const kept = new Map<string, readonly number[]>();
    const leaving = new Set<string>();
    const skippedHeads: DependentRow[] = [];
    for (const release of this.releasesAfter(over, context)) {
      const { row } = release;
      const name = executionName(row.eventId, row.operationId);
      if (release.kind === 'keep') {
        kept.set(name, release.pending);
        continue;
      }
      this.leaveHome(row);
      if (release.kind === 'place') {
        const operation = context.graphOf(row.eventId).byId.get(row.operationId);
        this.place(row, operation ? leaseMsOf(operation) : 0, context, released);
        continue;
      }
      this.skip(row, 'dependency_dead', context.dispatcherId);
      if (row.laneKey !== null) leaving.add(name);
      if (row.laneKey !== null && row.place === null) skippedHeads.push(row);
    }
    for (const [name, pending] of kept) this.keepPending(name, pending);
    // Lanes whose head ended, by its own end or because it was skipped.
    for (const ended of over) {
      const operation = context.graphOf(ended.eventId).byId.get(ended.operationId);
      if (!operation?.ordered || ended.key === null) continue;
      const lane = this.lanes.get(laneName(ended.operationId, ended.key));
      if (!lane || !this.headsLane(lane, ended.eventId)) continue;
      if (ended.died && operation.onDead === 'block') this.blockLane(lane, ended.eventId);
      else this.freeLane(lane, leaseMsOf(operation), leaving, context, released);
    }
    for (const row of skippedHeads) {
      const operation = context.graphOf(row.eventId).byId.get(row.operationId);
      const lane = this.lanes.get(laneName(row.operationId, row.laneKey ?? ''));
      if (lane && operation && this.headsLane(lane, row.eventId))
        this.freeLane(lane, leaseMsOf(operation), leaving, context, released);
    }
    return released;
  }

  /** An end without a call: it takes an attempt number too. */
  protected skip(
    row: { eventId: string; operationId: number; attempt: number },
    code: string,
    dispatcherId: number | null,
    reason: string | null = null,
  ): void {
    const { eventId, operationId } = row;
    this.insertAttempt({
      ...{ eventId, operationId, attempt: this.nextAttempt(row), outcome: 'skipped', code, reason },
      ...{ output: null, durationMs: null, dispatcherId, endedAtMs: this.nowMs() },
    });
  }

  protected blockLane(lane: LaneRow, eventId: string): void {
    this.set(this.lanes, laneName(lane.operationId, lane.key), { ...lane, blockedBy: eventId });
  }

  /** The lowest place heads the lane now; it starts unless a dependency is left. A lane without one ends. */
  protected freeLane(
    lane: LaneRow,
    leaseMs: number,
    leaving: ReadonlySet<string>,
    context: Pick<ReleaseContext, 'dispatcherId' | 'take'>,
    released: ReleasedExecutions,
  ): void {
    const name = laneName(lane.operationId, lane.key);
    const next = this.nextInLane(lane.operationId, lane.key, leaving);
    if (!next) {
      this.remove(this.lanes, name);
      return;
    }
    this.set(this.lanes, name, { ...lane, headEventId: next.eventId, blockedBy: null });
    this.deleteWaiting(next);
    if (next.pending.length > 0) this.insertWaiting({ ...next, place: null });
    else this.place(toDependent(next, 'waiting'), leaseMs, context, released);
  }

  /** One ended attempt. @returns why it died, or `null` */
  private end(row: InFlightRow, end: AttemptEnd, context: DispatchContext): DeadCause | null {
    this.deleteInFlight(row);
    const { eventId, operationId } = row;
    const { after, outcome, code, reason, output, durationMs } = end;
    const cause = this.causeOf(end);
    if (cause !== null) {
      const { attempt } = end;
      this.insertDeadLetter({ eventId, operationId, attempt, cause, code, reason, diedAtMs: this.nowMs() });
    } else if (after.kind === 'again') {
      const { ordered } = context.catalog.graph(end.graphId).byId.get(operationId) ?? {};
      this.insertDue({
        ...{ eventId, operationId, attempt: end.attempt, key: ordered ? end.key : null, pending: [] },
        ...{ counted: row.counted - (after.counts ? 0 : 1), ...this.clockTime(after.inMs) },
      });
    }
    this.insertAttempt({
      ...{ eventId, operationId, attempt: end.attempt, outcome, code, reason, output, durationMs },
      ...{ dispatcherId: row.dispatcherId, endedAtMs: this.nowMs() },
    });
    return cause;
  }

  private causeOf({ after, eventId }: AttemptEnd): DeadCause | null {
    if (after.kind !== 'again') return after.kind === 'dead' ? after.cause : null;
    const { maxAgeMs } = after;
    return maxAgeMs !== null && this.isTooOld(this.events.get(eventId), maxAgeMs) ? 'too_old' : null;
  }

  private releasesAfter(over: readonly EndedExecution[], context: ReleaseContext): Release[] {
    const due = new Map<string, DueRow>();
    const waiting = new Map<string, WaitingRow>();
    for (const { eventId, operationId } of over) {
      for (const dependentId of allDependents(context.graphOf(eventId), operationId)) {
        const name = executionName(eventId, dependentId);
        const dueRow = this.due.get(name);
        const waitingRow = this.waiting.get(name);
        if (dueRow) due.set(name, dueRow);
        if (waitingRow) waiting.set(name, waitingRow);
      }
    }
    if (due.size + waiting.size === 0) return [];
    const ended = over.map(({ eventId, operationId, died }): EndedOperation => {
      return { eventId, operationId, end: died ? 'dead' : 'satisfied' };
    });
    const rows = [
      ...inOrder(due.values()).map((row) => toDependent(row, 'due')),
      ...inOrder(waiting.values()).map((row) => toDependent(row, 'waiting')),
    ];
    return this.releases(ended, rows, (eventId) => context.graphOf(eventId));
  }

  /** Placing: at once where a slot is free, else due now. */
  private place(
    row: DependentRow,
    leaseMs: number,
    context: Pick<ReleaseContext, 'dispatcherId' | 'take'>,
    released: ReleasedExecutions,
  ): void {
    if (context.dispatcherId !== null && this.startsWhenReleased(row) && context.take(row.operationId)) {
      released.started.push(this.begin(row, leaseMs, context.dispatcherId));
      return;
    }
    const { eventId, operationId, attempt, counted, laneKey: key } = row;
    this.insertDue({ eventId, operationId, attempt, counted, key, pending: [], ...this.clockTime() });
    released.dueNow = true;
  }

  private keepPending(name: string, pending: readonly number[]): void {
    const due = this.due.get(name);
    const waiting = this.waiting.get(name);
    if (due) this.deleteDue(due);
    if (due) this.insertDue({ ...due, pending });
    else if (waiting) {
      this.deleteWaiting(waiting);
      this.insertWaiting({ ...waiting, pending });
    }
  }

  private leaveHome(row: DependentRow): void {
    const name = executionName(row.eventId, row.operationId);
    const due = this.due.get(name);
    const waiting = this.waiting.get(name);
    if (row.home === 'due' && due) this.deleteDue(due);
    if (row.home === 'waiting' && waiting) this.deleteWaiting(waiting);
  }
}
