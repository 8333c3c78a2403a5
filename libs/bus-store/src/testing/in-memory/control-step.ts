import type {
  AttemptSummary,
  CancelAnswer,
  EventReference,
  EventStatus,
  ExecutionState,
  ExecutionSummary,
  RescheduleAnswer,
} from '@bus/contracts';
import { identityOf } from '@bus/domain';
import type { StoreHintValues } from '../../event-control-store';
import { CloseStep } from './close-step';
import {
  executionName,
  laneName,
  type AttemptRow,
  type DueRow,
  type EventRow,
  type GraphRow,
  type LaneRow,
  type WaitingRow,
} from './rows';
import { timestampMs } from './timestamp-ms';

/** TX5 of events that wait: cancel and reschedule; and what is read of an event. */
export abstract class ControlStep extends CloseStep {
  cancelNow({ source, messageId }: EventReference): CancelAnswer {
    const identity = identityOf(source, messageId);
    return this.transaction((): CancelAnswer => {
      const known = this.identities.get(identity);
      const cancelledAtMs = this.nowMs();
      if (!known) {
        const placeholder = { identity, eventId: null, contentHash: null, cancelledAtMs, deliverAtMs: null };
        this.set(this.identities, identity, placeholder);
        return { outcome: 'cancelled', executions: [] };
      }
      const answer = (outcome: CancelAnswer['outcome']): CancelAnswer => {
        return { outcome, executions: this.executionsOf(known.eventId) };
      };
      if (known.cancelledAtMs !== null) return answer('already_cancelled');
      if (known.eventId !== null && this.takeUntouched(known.eventId) === null) return answer('too_late');
      this.set(this.identities, identity, { ...known, cancelledAtMs });
      return answer('cancelled');
    });
  }

  rescheduleNow({ source, messageId }: EventReference, deliverAt: string): RescheduleAnswer {
    const identity = identityOf(source, messageId);
    const deliverAtMs = timestampMs(deliverAt);
    return this.transaction((): RescheduleAnswer => {
      const known = this.identities.get(identity);
      if (!known) {
        const placeholder = { identity, eventId: null, contentHash: null, cancelledAtMs: null, deliverAtMs };
        this.set(this.identities, identity, placeholder);
        return { outcome: 'rescheduled', executions: [] };
      }
      const { eventId } = known;
      if (known.cancelledAtMs !== null)
        return { outcome: 'too_late', executions: this.executionsOf(eventId) };
      if (eventId === null) {
        this.set(this.identities, identity, { ...known, deliverAtMs });
        return { outcome: 'rescheduled', executions: [] };
      }
      const taken = this.takeUntouched(eventId);
      if (taken === null) return { outcome: 'too_late', executions: this.executionsOf(eventId) };
      this.set(this.events, eventId, { ...(this.events.get(eventId) as EventRow), deliverAtMs });
      for (const { operationId, attempt, counted, key, pending } of taken) {
        const plusMs = this.operations.get(operationId)?.settings.delayMs ?? 0;
        const row = { operationId, eventId, attempt, counted, key, pending };
        this.insertDue({ ...row, ...this.dueTime(deliverAtMs, plusMs) });
      }
      return { outcome: 'rescheduled', executions: this.executionsOf(eventId) };
    });
  }

  eventNow({ source, messageId }: EventReference): EventStatus | null {
    const known = this.identities.get(identityOf(source, messageId));
    if (!known) return null;
    const event = known.eventId === null ? undefined : this.events.get(known.eventId);
    const time = (ms: number | null | undefined) => (ms == null ? null : new Date(ms).toISOString());
    const summary: EventStatus['event'] = {
      ...{ eventId: known.eventId, source, messageId, type: event?.type ?? null, key: event?.key ?? null },
      payload: event ? (JSON.parse(event.payload) as unknown) : null,
      occurredAt: event ? time(timestampMs(event.occurredAt)) : null,
      deliverAt: time(event?.deliverAtMs ?? known.deliverAtMs),
      ...{ storedAt: time(event?.storedAtMs), cancelledAt: time(known.cancelledAtMs) },
      unrouted: event !== undefined && event.graphId === null,
    };
    const attempts = this.operationsOf(event)
      .flatMap(({ operationId, name }) =>
        this.attemptsOf(event?.eventId ?? '', operationId).map((row) => ({ row, name })),
      )
      .sort((a, b) => a.row.endedAtMs - b.row.endedAtMs || a.row.operationId - b.row.operationId)
      .map(({ row, name }) => toSummary(row, name));
    return { event: summary, executions: this.executionsOf(known.eventId), attempts };
  }

  hintsNow(): StoreHintValues {
    const active = [...this.graphs.values()].filter((graph) => graph.active);
    const types = (graphs: readonly GraphRow[]) => graphs.map((graph) => graph.eventType).sort();
    const ordered = active.filter((graph) => graph.operations.some((operation) => operation.ordered));
    return { knownTypes: types(active), orderedTypes: types(ordered), databaseNowMs: this.nowMs() };
  }

  /** The one state of an execution, as the view `execution` says it; `null`: neither a home nor an end. */
  stateOf(eventId: string, operationId: number): ExecutionState | null {
    const state = this.rowState(eventId, operationId);
    if (state !== 'scheduled' && state !== 'retrying') return state;
    const live = this.operations.get(operationId)?.state ?? 'active';
    return live === 'active' ? state : 'held';
  }

  /** Executions of an event by operation id, with the attempt of their home, else the last one. */
  executionsOf(eventId: string | null): ExecutionSummary[] {
    if (eventId === null) return [];
    return this.operationsOf(this.events.get(eventId)).map(({ operationId, name }) => ({
      operation: name,
      // A broken invariant shows as null, as it does in the view.
      state: this.stateOf(eventId, operationId) as ExecutionState,
      attempt: this.attemptNow(eventId, operationId),
    }));
  }

  attemptNow(eventId: string, operationId: number): number {
    const name = executionName(eventId, operationId);
    const home =
      this.inFlight.get(name) ?? this.due.get(name) ?? this.waiting.get(name) ?? this.deadLetters.get(name);
    return home?.attempt ?? this.attempts.get(name)?.at(-1)?.attempt ?? 0;
  }

  /** Operations of the graph that an event was stored under, by id. */
  operationsOf(
    event: EventRow | undefined,
  ): readonly { operationId: number; name: string; ordered: boolean }[] {
    if (!event || event.graphId === null) return [];
    const operations = this.graphs.get(event.graphId)?.operations ?? [];
    return [...operations].sort((a, b) => a.operationId - b.operationId);
  }

  /** Takes all executions of an event out of `due` and `waiting`, or none. `null`: none. */
  private takeUntouched(eventId: string): (DueRow | WaitingRow)[] | null {
    const event = this.events.get(eventId);
    if (!event) return null;
    const due: DueRow[] = [];
    const waiting: WaitingRow[] = [];
    const look = { started: false, homes: false, taken: 0 };
    const heads: LaneRow[] = [];
    for (const { operationId, ordered } of this.operationsOf(event)) {
      const name = executionName(eventId, operationId);
      const begun = this.hasBegun(this.attemptsOf(eventId, operationId));
      const rows = [this.due.get(name), this.waiting.get(name)] as const;
      look.started ||= begun || this.inFlight.has(name);
      look.homes ||= this.deadLetters.has(name) || (begun && rows.some((row) => row !== undefined));
      if (!begun && rows[0]) due.push(rows[0]);
      if (!begun && rows[1]) waiting.push(rows[1]);
      const lane = ordered && event.key !== null && this.lanes.get(laneName(operationId, event.key));
      if (lane && lane.headEventId === eventId) heads.push(lane);
    }
    look.taken = due.length + waiting.length;
    if (!this.mayTake(look)) return null;
    for (const row of due) this.deleteDue(row);
    for (const row of waiting) this.deleteWaiting(row);
    // Promoted ones become due: a slot is a dispatcher's affair.
    const released = { started: [], dueNow: false };
    for (const lane of heads)
      this.freeLane(lane, 0, new Set(), { dispatcherId: null, take: () => false }, released);
    return [...due, ...waiting];
  }
}

function toSummary(row: AttemptRow, operation: string): AttemptSummary {
  return {
    ...{ operation, attempt: row.attempt, outcome: row.outcome },
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...{ durationMs: row.durationMs, endedAt: new Date(row.endedAtMs).toISOString() },
  };
}
