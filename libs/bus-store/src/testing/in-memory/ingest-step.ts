import { timestampMs } from './timestamp-ms';
import type {
  InboxBatch,
  IngestOutcome,
  PlannedEvent,
  StartedExecution,
  StoredBatch,
  TogetherOutcome,
} from '../../event-inbox';
import { assertBatch, assertTogether, hasTwins } from '../../postgres/inbox/batch-rules';
import {
  planRows,
  startedExecutions,
  type PlacedEvent,
  type PlannedRows,
} from '../../postgres/inbox/planned-rows';
import { laneName, type DueRow } from './rows';
import { StoreRules } from './store-rules';

/** TX1. */
export abstract class IngestStep extends StoreRules {
  /** Stored positions; a partition without one begins at its log start. */
  positionsNow(logId: string, logStarts: ReadonlyMap<number, bigint>): Map<number, bigint> {
    return this.transaction(() => {
      const found = new Map<number, bigint>();
      for (const [partition, start] of logStarts) {
        const name = `${logId}/${partition}`;
        if (!this.positions.has(name)) this.set(this.positions, name, start);
        found.set(partition, this.positions.get(name) as bigint);
      }
      return found;
    });
  }

  /** The whole of `EventInbox.ingest`, at this moment. */
  ingestNow(batch: InboxBatch): IngestOutcome {
    assertBatch(batch);
    const name = `${batch.logId}/${batch.partition}`;
    const position = this.positions.get(name);
    if (position === undefined)
      throw new RangeError(
        `partition ${batch.partition} of ${batch.logId} has no position; call positions() first`,
      );
    if (!this.positionMatches(position, batch)) return { outcome: 'moved', position };
    if (!this.graphsUnchanged(batch)) return { outcome: 'graph_changed' };
    return this.transaction(() => {
      this.set(this.positions, name, batch.next);
      return this.store(batch);
    });
  }

  /** The whole of `EventInbox.ingestTogether`, at this moment. */
  ingestTogetherNow(batches: readonly InboxBatch[]): TogetherOutcome {
    assertTogether(batches);
    const events = batches.flatMap((batch) => batch.events);
    const ids = new Set(events.map(({ event }) => event.eventId));
    if (hasTwins(events) || ids.size < events.length || !batches.every((batch) => this.fits(batch)))
      return { outcome: 'apart' };
    return this.transaction(() => {
      const together: StoredBatch = { outcome: 'stored', started: [], fresh: 0, repeated: 0, quarantined: 0 };
      for (const batch of batches) {
        this.set(this.positions, `${batch.logId}/${batch.partition}`, batch.next);
        const { started, fresh, repeated } = this.store(batch);
        together.started.push(...started);
        together.fresh += fresh;
        together.repeated += repeated;
      }
      return together;
    });
  }

  /** Whether nothing is in its way that a batch by itself would have to tell, or to go step by step for. */
  private fits(batch: InboxBatch): boolean {
    const position = this.positions.get(`${batch.logId}/${batch.partition}`);
    if (position === undefined || !this.positionMatches(position, batch) || !this.graphsUnchanged(batch))
      return false;
    return batch.events.every((planned) => {
      const known = this.knownIdentity(planned);
      if (known && known.eventId !== null) return this.sameContent(known, planned);
      return known?.deliverAtMs == null && !this.events.has(planned.event.eventId);
    });
  }

  private store(batch: InboxBatch): StoredBatch {
    const running: PlannedEvent[] = [];
    let fresh = 0;
    let repeated = 0;
    let quarantined = batch.quarantined.length;
    for (const planned of batch.events) {
      const known = this.knownIdentity(planned);
      if (known && known.eventId !== null) {
        if (this.sameContent(known, planned)) repeated += 1;
        else {
          const detail = `same source and messageId as event ${known.eventId}`;
          for (const record of [planned.record, ...(planned.twins ?? [])]) {
            quarantined += 1;
            this.quarantineRecord(batch, { record, fault: 'identity_conflict', detail });
          }
        }
        continue;
      }
      const { eventId } = planned.event;
      if (this.events.has(eventId)) {
        const detail = `event ${eventId} is another one`;
        for (const record of [planned.record, ...(planned.twins ?? [])]) {
          quarantined += 1;
          this.quarantineRecord(batch, { record, fault: 'event_id_taken', detail });
        }
        continue;
      }
      fresh += 1;
      // A reschedule that came first wins over the event's own time.
      const admitted = known?.deliverAtMs == null ? planned : deliveredAt(planned, known.deliverAtMs);
      this.set(this.identities, planned.identity, {
        identity: planned.identity,
        eventId,
        contentHash: planned.contentHash,
        cancelledAtMs: known?.cancelledAtMs ?? null,
        deliverAtMs: known?.deliverAtMs ?? null,
      });
      this.storeEvent(batch, admitted);
      if (known?.cancelledAtMs != null)
        for (const { operationId } of admitted.executions) this.touchNew(eventId, operationId);
      else running.push(admitted);
    }
    for (const row of batch.quarantined) this.quarantineRecord(batch, row);
    return {
      outcome: 'stored',
      started: this.placeAll(running, batch.dispatcherId),
      fresh,
      repeated,
      quarantined,
    };
  }

  private storeEvent(batch: InboxBatch, { event, graphId, identity, offset }: PlannedEvent): void {
    const { eventId, source, messageId, type, key, payload, occurredAt, traceparent } = event;
    const deliverAtMs = event.deliverAt === null ? null : timestampMs(event.deliverAt);
    this.set(this.events, eventId, {
      ...{ eventId, identity, source, messageId, type, key, payload, occurredAt, traceparent },
      ...{ deliverAtMs, graphId, partition: batch.partition, offset, storedAtMs: this.nowMs() },
    });
  }

  private quarantineRecord(batch: InboxBatch, row: InboxBatch['quarantined'][number]): void {
    const { logId, partition } = batch;
    const name = `${logId}/${partition}/${row.record.offset}`;
    if (!this.quarantine.has(name)) this.set(this.quarantine, name, { ...row, logId, partition });
  }

  /** Places executions for the first time. @returns what started */
  protected placeAll(events: readonly PlacedEvent[], dispatcherId: number): StartedExecution[] {
    const rows = planRows(events);
    const eventIdOf = ({ n }: { n: number }) => (events[n - 1] as PlacedEvent).event.eventId;
    for (const row of rows.started)
      this.start(eventIdOf(row), row.execution.operationId, row.execution.leaseMs, dispatcherId);
    for (const row of rows.due) {
      const { operationId, laneKey: key, pending } = row.execution;
      this.insertDue({
        ...{ operationId, eventId: eventIdOf(row), attempt: 0, counted: 0, key, pending },
        ...this.dueTime(row.at === null ? null : timestampMs(row.at), row.plusMs),
      });
    }
    for (const row of rows.waiting) {
      const { operationId, pending } = row.execution;
      const waiting = { eventId: eventIdOf(row), operationId, attempt: 0, counted: 0 };
      this.insertWaiting({ ...waiting, key: null, place: null, pending });
    }
    const laned = this.placeLaned(rows.laned, eventIdOf, dispatcherId);
    for (const row of rows.skipped)
      this.insertAttempt({
        ...{ eventId: eventIdOf(row), operationId: row.execution.operationId, attempt: 1 },
        ...{ outcome: 'skipped', code: row.code, reason: null, output: null, durationMs: null },
        ...{ dispatcherId: null, endedAtMs: this.nowMs() },
      });
    return startedExecutions(
      events,
      rows,
      events.map(() => true),
      laned,
    );
  }

  /** Lanes in log order. @returns places (from 1) of the rows that started */
  private placeLaned(
    rows: PlannedRows['laned'],
    eventIdOf: (row: { n: number }) => string,
    dispatcherId: number,
  ): number[] {
    const started: number[] = [];
    rows.forEach((row, index) => {
      const { operationId, pending, leaseMs } = row.execution;
      const eventId = eventIdOf(row);
      const waiting = { eventId, operationId, attempt: 0, counted: 0, key: row.key, pending };
      if (!this.takesPlaceAtIngest(pending)) {
        this.insertWaiting({ ...waiting, place: null });
        return;
      }
      const name = laneName(operationId, row.key);
      const lane = this.lanes.get(name) ?? {
        ...{ operationId, key: row.key, headEventId: eventId, nextPlace: 0, blockedBy: null },
      };
      const heads = this.headsLane(lane, eventId);
      const place = this.placeAt(lane);
      this.set(this.lanes, name, { ...lane, nextPlace: lane.nextPlace + 1 });
      if (!heads || pending.length > 0) this.insertWaiting({ ...waiting, place: heads ? null : place });
      else if (row.slot) {
        this.start(eventId, operationId, leaseMs, dispatcherId);
        started.push(index + 1);
      } else this.insertDue({ ...waiting, ...this.clockTime() });
    });
    return started;
  }

  private start(eventId: string, operationId: number, leaseMs: number, dispatcherId: number): void {
    const leaseUntilMs = this.leaseUntilMs(leaseMs);
    this.insertInFlight({ eventId, operationId, attempt: 1, counted: 1, leaseUntilMs, dispatcherId });
  }

  /** A cancelled event is stored, and runs nothing. */
  private touchNew(eventId: string, operationId: number): void {
    this.touch(eventId, operationId, 'new');
  }

  /** Never before now: a claim's low-water mark must not pass a row that is still to come. */
  protected dueTime(
    atMs: number | null,
    plusMs: number,
    clock = this.clockTime(),
  ): Pick<DueRow, 'dueAtMs' | 'tick'> {
    if (atMs === null) return { dueAtMs: clock.dueAtMs + plusMs, tick: clock.tick };
    return atMs + plusMs > clock.dueAtMs ? { dueAtMs: atMs + plusMs, tick: 0 } : clock;
  }
}

/** The new time for the event and for each operation; an operation's own delay still comes on top. */
function deliveredAt(planned: PlannedEvent, atMs: number): PlannedEvent {
  const at = new Date(atMs).toISOString();
  return {
    ...planned,
    event: { ...planned.event, deliverAt: at },
    executions: planned.executions.map((execution) => {
      const { start } = execution;
      if (start.kind === 'skipped') return execution;
      const plusMs = start.kind === 'later' ? start.plusMs : 0;
      return { ...execution, start: { kind: 'later', at, plusMs } };
    }),
  };
}
