import type { CancelAnswer, EventReference, EventStatus, RescheduleAnswer } from '@bus/contracts';
import { Expressions, type FilterVerdict } from '@bus/domain';
import { EventControlStore, type StoreHintValues } from '../../event-control-store';
import { EventInbox, type InboxBatch, type IngestOutcome, type TogetherOutcome } from '../../event-inbox';
import {
  ExecutionControl,
  type ExecutionReference,
  type LaneReference,
  type ReplayOutcome,
  type ReplayRequest,
  type RouteOutcome,
  type SkipOutcome,
  type UnblockOutcome,
} from '../../execution-control';
import {
  ExecutionLedger,
  type AttemptEnd,
  type ClaimOutcome,
  type ClaimRoom,
  type CloseOutcome,
  type DispatchContext,
  type ExpiredExecution,
  type LedgerPulse,
  type PulseLook,
} from '../../execution-ledger';
import {
  OperationGraphs,
  type ActivationsOutcome,
  type ChangeAuthor,
  type GraphActivation,
} from '../../operation-graphs';
import { GraphStep } from './graph-step';
import type { EventRow } from './rows';
import { storeFaults } from './store-faults';
import { storeSnapshot, type StoreSnapshot } from './store-snapshot';

/**
 * The store in memory, for simulations: it behaves as the one on PostgreSQL does where each transaction runs alone.
 * Every `…Now` method is one transaction at the moment of the call, by the clock that it was given; the ports are the
 * same behind a resolved promise. Latency, lost answers and crashes are added around it. It never refuses a value
 * (`not_storable`), prunes nothing and audits nothing.
 */
export class InMemoryStore extends GraphStep {
  private lastDispatcherId = 0;

  /** A new number at every start of a process. */
  registerNow(): number {
    return (this.lastDispatcherId += 1);
  }

  inbox(): EventInbox {
    return new InMemoryEventInbox(this);
  }

  /** One for each replica: it remembers low-water marks. */
  ledger(): ExecutionLedger {
    return new InMemoryExecutionLedger(this);
  }

  control(): EventControlStore {
    return new InMemoryEventControlStore(this);
  }

  executionControl(): ExecutionControl {
    return new InMemoryExecutionControl(this);
  }

  operationGraphs(): OperationGraphs {
    return new InMemoryOperationGraphs(this);
  }

  /** All that is stored, for evidence. */
  snapshot(): StoreSnapshot {
    return storeSnapshot(this);
  }

  /** Breaches of what must always hold; empty: none. */
  faults(): string[] {
    return storeFaults(this);
  }
}

class InMemoryEventInbox extends EventInbox {
  constructor(private readonly store: InMemoryStore) {
    super();
  }

  async positions(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    return this.store.positionsNow(logId, logStarts);
  }

  async ingest(batch: InboxBatch): Promise<IngestOutcome> {
    return this.store.ingestNow(batch);
  }

  async ingestTogether(batches: readonly InboxBatch[]): Promise<TogetherOutcome> {
    return this.store.ingestTogetherNow(batches);
  }
}

class InMemoryExecutionLedger extends ExecutionLedger {
  constructor(private readonly store: InMemoryStore) {
    super();
  }

  async register(): Promise<number> {
    return this.store.registerNow();
  }

  async claim(rooms: readonly ClaimRoom[], context: DispatchContext): Promise<ClaimOutcome> {
    const outcome = this.store.claimNow(rooms, context);
    await context.catalog.load(new Set(outcome.events.map((event) => event.graphId)));
    return outcome;
  }

  async close(ends: readonly AttemptEnd[], context: DispatchContext): Promise<CloseOutcome> {
    await context.catalog.load(new Set(ends.map((end) => end.graphId)));
    const outcome = this.store.closeNow(ends, context);
    await context.catalog.load(new Set(outcome.released.events.map((event) => event.graphId)));
    return outcome;
  }

  async expired(limit: number): Promise<ExpiredExecution[]> {
    return this.store.expiredNow(limit);
  }

  async ownInFlight(dispatcherId: number): Promise<ExpiredExecution[]> {
    return this.store.ownInFlightNow(dispatcherId);
  }

  async pulse(look: PulseLook): Promise<LedgerPulse> {
    return this.store.pulseNow(look);
  }
}

class InMemoryEventControlStore extends EventControlStore {
  constructor(private readonly store: InMemoryStore) {
    super();
  }

  async cancel(event: EventReference): Promise<CancelAnswer> {
    return this.store.cancelNow(event);
  }

  async reschedule(event: EventReference, deliverAt: string): Promise<RescheduleAnswer> {
    return this.store.rescheduleNow(event, deliverAt);
  }

  async getEvent(event: EventReference): Promise<EventStatus | null> {
    return this.store.eventNow(event);
  }

  async hints(): Promise<StoreHintValues> {
    return this.store.hintsNow();
  }
}

class InMemoryExecutionControl extends ExecutionControl {
  private readonly expressions = new Expressions(() => performance.now());

  constructor(private readonly store: InMemoryStore) {
    super();
  }

  async replay(requests: readonly ReplayRequest[]): Promise<ReplayOutcome[]> {
    return this.store.replayNow(requests);
  }

  async skip(execution: ExecutionReference, author: ChangeAuthor): Promise<SkipOutcome> {
    return this.store.skipNow(execution, author.reason ?? null);
  }

  async unblock(lane: LaneReference): Promise<UnblockOutcome> {
    return this.store.unblockNow(lane);
  }

  async route(eventId: string): Promise<RouteOutcome> {
    const event = this.store.events.get(eventId);
    const graph = this.store.activeNow().find(({ eventType }) => eventType === event?.type);
    const verdicts = new Map<number, FilterVerdict>();
    for (const { operationId, filter, state } of event && graph ? graph.operations : []) {
      if (filter === null || state === 'disabled') continue;
      const { messageId, source, type, key, payload, occurredAt } = event as EventRow;
      const input = { messageId, source, type, key, payload: JSON.parse(payload) as never, occurredAt };
      verdicts.set(operationId, await this.expressions.filter(filter, input));
    }
    return this.store.routeNow(eventId, verdicts);
  }
}

class InMemoryOperationGraphs extends OperationGraphs {
  constructor(private readonly store: InMemoryStore) {
    super();
  }

  async revision(): Promise<string> {
    return String(this.store.revision);
  }

  async active() {
    return this.store.activeNow();
  }

  async byIds(graphIds: readonly number[]) {
    return this.store.byIdsNow(graphIds);
  }

  async history(eventType?: string, limit?: number) {
    return this.store.historyNow(eventType, limit);
  }

  async activateAll(changes: readonly GraphActivation[]): Promise<ActivationsOutcome> {
    return this.store.activateAllNow(changes);
  }

  async setState(operation: string, state: 'active' | 'paused' | 'disabled'): Promise<boolean> {
    return this.store.setStateNow(operation, state);
  }
}
