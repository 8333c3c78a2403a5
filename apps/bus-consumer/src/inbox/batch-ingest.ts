import { Injectable, Logger } from '@nestjs/common';
import type { RecordBatch } from '@bus/broker';
import { EventInbox, type Claimed, type InboxBatch, type IngestOutcome, type StoredBatch } from '@bus/store';
import { Dispatcher } from '../dispatch/dispatcher';
import { executionKey } from '../dispatch/held-execution';
import { LedgerSession } from '../dispatch/ledger-session';
import { BatchPlanner, type BatchPlan } from './batch-planner';
import type { DecodedBatch, DecodedEvent } from './decode-batch';
import { InboxRecord } from './inbox-record';

/** A decoded batch of one partition, at its position, with room for its events. */
export interface IntakeBatch {
  batch: RecordBatch;
  start: bigint;
  decoded: DecodedBatch;
  /** Events that are reserved a place in the window. */
  room: number;
}

/** What came of a batch; of one that was stored together with others, what came of all of them. */
export type IntakeOutcome = Exclude<IngestOutcome, { outcome: 'graph_changed' }>;

/** Graphs that change again and again while one batch is planned: something is wrong, the broker brings it again. */
const MOST_PLANS = 10;

/** Plans batches, stores them, several partitions in one transaction where nothing is in the way, and has called what
 *  started. */
@Injectable()
export class BatchIngest {
  private readonly logger = new Logger(BatchIngest.name);

  constructor(
    private readonly inbox: EventInbox,
    private readonly session: LedgerSession,
    private readonly planner: BatchPlanner,
    private readonly dispatcher: Dispatcher,
    private readonly record: InboxRecord,
  ) {}

  /** @returns an outcome or an error for each, in their order */
  async store(batches: readonly IntakeBatch[]): Promise<PromiseSettledResult<IntakeOutcome>[]> {
    if (batches.length > 1) {
      const stored = await this.storeTogether(batches);
      if (stored) return batches.map(() => ({ status: 'fulfilled', value: stored }));
    }
    const results: PromiseSettledResult<IntakeOutcome>[] = [];
    for (const batch of batches) results.push(...(await Promise.allSettled([this.storeAlone(batch)])));
    return results;
  }

  /** @returns `null`: something is in the way of one of them, and nothing was written */
  private async storeTogether(batches: readonly IntakeBatch[]): Promise<StoredBatch | null> {
    const events = batches.flatMap(({ decoded }) => decoded.events);
    const room = batches.reduce((sum, batch) => sum + batch.room, 0);
    const outcome = await this.planned(
      events,
      room,
      (planned) => this.inbox.ingestTogether(planned),
      batches,
    );
    if (outcome.outcome === 'apart') {
      this.logger.debug({ batches: batches.length }, 'batches do not go together; each is stored by itself');
      return null;
    }
    return outcome;
  }

  private async storeAlone(batch: IntakeBatch): Promise<IntakeOutcome> {
    const { decoded, room } = batch;
    for (let plans = 1; ; plans++) {
      const ingest = ([planned]: InboxBatch[]) => this.inbox.ingest(planned);
      const outcome = await this.planned(decoded.events, room, ingest, [batch]);
      if (outcome.outcome !== 'graph_changed') return outcome;
      if (plans >= MOST_PLANS) throw new Error('the operation graphs keep changing');
      this.session.graphs.expire();
      await this.session.graphs.refresh();
      const { partition } = batch.batch;
      this.logger.debug({ partition }, 'operation graphs changed while a batch was planned; planned again');
    }
  }

  /** Plans the events under the graphs of now, and starts what the transaction says; undoes the plan without one. */
  private async planned<T extends { outcome: string }>(
    events: readonly DecodedEvent[],
    room: number,
    ingest: (batches: InboxBatch[]) => Promise<T | StoredBatch>,
    batches: readonly IntakeBatch[],
  ): Promise<T | StoredBatch> {
    const plan = await this.planner.plan(events, room);
    let isTaken = false;
    try {
      return await this.session.run(
        ({ dispatcherId }) => ingest(toBatches(plan, batches, dispatcherId)),
        (outcome, startedMs) => {
          if (!isStored(outcome)) return outcome;
          isTaken = true;
          this.start(plan, events, outcome, startedMs);
          const quarantined = batches.flatMap(({ decoded }) => decoded.quarantined);
          const twins = batches.reduce((sum, { decoded }) => sum + decoded.twins, 0);
          this.record.stored({ quarantined, twins }, outcome, this.session.clock.monotonicMs() - startedMs);
          return outcome;
        },
      );
    } finally {
      if (!isTaken) this.planner.undo(plan);
    }
  }

  private start(
    plan: BatchPlan,
    decoded: readonly DecodedEvent[],
    stored: StoredBatch,
    startedMs: number,
  ): void {
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
      // A name for each execution would cost more than all other looks: few batches have a filter.
      filterPassed: (eventId, operationId) =>
        plan.passed.size > 0 && plan.passed.has(executionKey(eventId, operationId)),
      payload: (eventId) => payloads.get(eventId),
    });
    this.record.planned(plan);
  }

  /** Parsed payloads of events that have a mapping; all others go through as text, and need not be kept twice. */
  private payloadsForMappings(decoded: readonly DecodedEvent[]): Map<string, unknown> {
    const payloads = new Map<string, unknown>();
    for (const { event, payload } of decoded) {
      const graph = this.session.graphs.active(event.type);
      if (graph?.operations.some(({ mapping }) => mapping !== null)) payloads.set(event.eventId, payload);
    }
    return payloads;
  }
}

/** The plan's events, which stand in the order of the batches, by partition. */
function toBatches(plan: BatchPlan, batches: readonly IntakeBatch[], dispatcherId: number): InboxBatch[] {
  let from = 0;
  return batches.map(({ batch: { logId, partition }, start, decoded }) => {
    const { nextOffset: next, quarantined } = decoded;
    const events = plan.events.slice(from, (from += decoded.events.length));
    return { logId, partition, start, next, dispatcherId, events, quarantined };
  });
}

function isStored(outcome: { outcome: string }): outcome is StoredBatch {
  return outcome.outcome === 'stored';
}
