import { Injectable, Logger } from '@nestjs/common';
import { BatchReceiver, type BatchOutcome, type RecordBatch } from '@bus/broker';
import { EventInbox, type Claimed, type IngestOutcome } from '@bus/store';
import { Dispatcher } from '../dispatch/dispatcher';
import { executionKey } from '../dispatch/held-execution';
import { WINDOW_EVENTS } from '../dispatch/in-flight-window';
import { LedgerSession } from '../dispatch/ledger-session';
import { BatchPlanner, type BatchPlan } from './batch-planner';
import { decodeBatch, type DecodedBatch } from './decode-batch';
import { InboxRecord } from './inbox-record';
import { PartitionPositions } from './partition-positions';

type Stored = Extract<IngestOutcome, { outcome: 'stored' }>;

/** Graphs that change again and again while one batch is planned: something is wrong, the broker brings it again. */
const MOST_PLANS = 10;

/**
 * Batches of records become events and executions, in one transaction with the position. What it started is called
 * from memory right after the commit.
 */
@Injectable()
export class EventIntake extends BatchReceiver {
  private readonly logger = new Logger(EventIntake.name);
  private readonly positionsHeld: PartitionPositions;

  constructor(
    private readonly inbox: EventInbox,
    private readonly session: LedgerSession,
    private readonly planner: BatchPlanner,
    private readonly dispatcher: Dispatcher,
    private readonly record: InboxRecord,
  ) {
    super();
    this.positionsHeld = new PartitionPositions(inbox);
  }

  override positions(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    return this.positionsHeld.assigned(logId, logStarts);
  }

  override stored(logId: string): Promise<Map<number, bigint>> {
    return this.inbox.positions(logId, new Map());
  }

  /** Positions of the partitions read here, of logs whose id begins so: everything below them is stored. */
  storedPositions(logIdPrefix: string): Map<number, bigint> {
    return this.positionsHeld.below(logIdPrefix);
  }

  override outOfRange(
    logId: string,
    partition: number,
    gap: { position: bigint; logStart: bigint; logEnd: bigint },
  ): void {
    this.record.gap(logId, partition, gap);
  }

  override async receive(batch: RecordBatch): Promise<BatchOutcome> {
    this.record.received();
    for (let left: RecordBatch | null = batch; left !== null;) {
      const decoded = decodeBatch(left);
      const outcome = await this.receiveDecoded(left, decoded);
      if (outcome.outcome !== 'stored') return outcome;
      left = decoded.rest;
    }
    return { outcome: 'stored' };
  }

  private async receiveDecoded(batch: RecordBatch, decoded: DecodedBatch): Promise<BatchOutcome> {
    const { logId, partition, records, logStart, start } = batch;
    const { nextOffset } = decoded;
    const position = await this.positionsHeld.of(logId, partition, logStart);
    // Never `next` of a batch that does not begin here: before it lie records that were stored already, or (the store
    // was put back to an older state) records that it has forgotten.
    if (start !== position) return { outcome: 'seek', offset: position };
    const startedMs = this.session.clock.monotonicMs();
    const { window } = this.session.inHand;
    const room = await this.record.reserveRoom(window, Math.min(records.length, WINDOW_EVENTS));
    try {
      const outcome = await this.store(batch, position, decoded, room);
      if (outcome.outcome === 'moved') {
        this.positionsHeld.moved(logId, partition, outcome.position);
        return { outcome: 'seek', offset: outcome.position };
      }
      this.positionsHeld.moved(logId, partition, nextOffset);
      this.record.stored(decoded, outcome, this.session.clock.monotonicMs() - startedMs);
      return { outcome: 'stored' };
    } catch (error) {
      this.positionsHeld.forget(logId, partition);
      this.record.failed(error);
      throw error;
    } finally {
      window.unreserve(room);
    }
  }

  private async store(
    batch: RecordBatch,
    start: bigint,
    decoded: DecodedBatch,
    room: number,
  ): Promise<Exclude<IngestOutcome, { outcome: 'graph_changed' }>> {
    const { logId, partition } = batch;
    for (let plans = 1; ; plans++) {
      const plan = await this.planner.plan(decoded.events, room);
      let isTaken = false;
      try {
        const outcome = await this.session.run(
          ({ dispatcherId }) =>
            this.inbox.ingest({
              logId,
              partition,
              start,
              next: decoded.nextOffset,
              dispatcherId,
              events: plan.events,
              quarantined: decoded.quarantined,
            }),
          (result, startedMs) => {
            if (result.outcome !== 'stored') return result;
            isTaken = true;
            this.start(plan, decoded, result, startedMs);
            return result;
          },
        );
        if (outcome.outcome !== 'graph_changed') return outcome;
      } finally {
        if (!isTaken) this.planner.undo(plan);
      }
      if (plans >= MOST_PLANS) throw new Error('the operation graphs keep changing');
      this.session.graphs.expire();
      await this.session.graphs.refresh();
      this.logger.debug({ partition }, 'operation graphs changed while a batch was planned; planned again');
    }
  }

  private start(plan: BatchPlan, decoded: DecodedBatch, stored: Stored, startedMs: number): void {
    const { slots } = this.session.inHand;
    const events = new Map(plan.events.map((planned) => [planned.event.eventId, planned]));
    const payloads = this.payloadsForMappings(decoded);
    const leases = new Map<number, number>();
    for (const { executions } of plan.events)
      for (const { operationId, leaseMs } of executions) leases.set(operationId, leaseMs);
    const claimed: Claimed = { executions: [], events: [] };
    const unused = new Map<number, number>();
    for (const operationId of plan.slots) unused.set(operationId, (unused.get(operationId) ?? 0) + 1);
    const seen = new Set<string>();
    for (const { eventId, operationId } of stored.started) {
      const planned = events.get(eventId);
      if (!planned || planned.graphId === null) continue;
      unused.set(operationId, (unused.get(operationId) ?? 0) - 1);
      const dependencies = this.session.graphs.graph(planned.graphId).dependencies.get(operationId) ?? [];
      const inputs = dependencies.length > 0 ? {} : null; // all of them were skipped at once
      claimed.executions.push({ eventId, operationId, attempt: 1, counted: 1, inputs, forcedRuns: 0 });
      if (seen.has(eventId)) continue;
      seen.add(eventId);
      claimed.events.push({ ...planned.event, graphId: planned.graphId });
    }
    for (const [operationId, count] of unused) slots.release(operationId, count);
    this.dispatcher.accept(claimed, {
      startedMs,
      storedMs: this.session.clock.monotonicMs(),
      leaseMs: (operationId) => leases.get(operationId) ?? 0,
      filterPassed: (eventId, operationId) => plan.passed.has(executionKey(eventId, operationId)),
      payload: (eventId) => payloads.get(eventId),
    });
    this.record.planned(plan);
  }

  /** Parsed payloads of events that have a mapping; all others go through as text, and need not be kept twice. */
  private payloadsForMappings(decoded: DecodedBatch): Map<string, unknown> {
    const payloads = new Map<string, unknown>();
    for (const { event, payload } of decoded.events) {
      const graph = this.session.graphs.active(event.type);
      if (graph?.operations.some(({ mapping }) => mapping !== null)) payloads.set(event.eventId, payload);
    }
    return payloads;
  }
}
