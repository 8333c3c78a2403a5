import type {
  CancelAnswer,
  EventReference,
  EventStatus,
  OperationGraph,
  OperationState,
  RescheduleAnswer,
} from '@bus/contracts';
import type { RunnableGraph } from '@bus/domain';
import {
  EventControlStore,
  EventInbox,
  ExecutionLedger,
  OperationGraphs,
  type ActivationsOutcome,
  type AttemptEnd,
  type ChangeAuthor,
  type ClaimOutcome,
  type ClaimRoom,
  type CloseOutcome,
  type DispatchContext,
  type ExpiredExecution,
  type GraphActivation,
  type InboxBatch,
  type IngestOutcome,
  type LedgerPulse,
  type PulseLook,
  type StoreHintValues,
  type TogetherOutcome,
} from '@bus/store';
import type { AttemptBook } from './attempt-book';
import type { StoreLink } from './store-link';

/** The inbox as one process reaches it. */
export class LinkedInbox extends EventInbox {
  constructor(
    private readonly inner: EventInbox,
    private readonly link: StoreLink,
  ) {
    super();
  }

  override positions(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    return this.link.send('positions', () => this.inner.positions(logId, logStarts));
  }

  override ingest(batch: InboxBatch): Promise<IngestOutcome> {
    const what = `ingest ${batch.partition} ${batch.start}–${batch.next}`;
    return this.link.send(what, () => this.inner.ingest(batch));
  }

  override ingestTogether(batches: readonly InboxBatch[]): Promise<TogetherOutcome> {
    const what = batches.map(({ partition, start, next }) => `${partition} ${start}–${next}`).join(', ');
    return this.link.send(`ingest ${what}`, () => this.inner.ingestTogether(batches));
  }
}

/** The ledger as one process reaches it; each attempt's lease and the next one's due time are noted as they are given. */
export class LinkedLedger extends ExecutionLedger {
  constructor(
    private readonly inner: ExecutionLedger,
    private readonly link: StoreLink,
    private readonly book: AttemptBook,
  ) {
    super();
  }

  override register(): Promise<number> {
    return this.link.send('register', () => this.inner.register());
  }

  override async claim(rooms: readonly ClaimRoom[], context: DispatchContext): Promise<ClaimOutcome> {
    return this.link.send('claim', () => this.inner.claim(rooms, context));
  }

  override async close(ends: readonly AttemptEnd[], context: DispatchContext): Promise<CloseOutcome> {
    await context.catalog.load(new Set(ends.map((end) => end.graphId)));
    return this.link.send(`close ${ends.length}`, async () => {
      const outcome = await this.inner.close(ends, context);
      ends.forEach((end, index) => {
        if (outcome.applied[index]) this.book.ended(end);
      });
      return outcome;
    });
  }

  override expired(limit: number): Promise<ExpiredExecution[]> {
    return this.link.send('expired', () => this.inner.expired(limit), false);
  }

  override ownInFlight(dispatcherId: number): Promise<ExpiredExecution[]> {
    return this.link.send('own', () => this.inner.ownInFlight(dispatcherId), false);
  }

  override pulse(look: PulseLook): Promise<LedgerPulse> {
    return this.link.send('pulse', () => this.inner.pulse(look), false);
  }
}

/** The graphs as one process reaches them. */
export class LinkedGraphs extends OperationGraphs {
  constructor(
    private readonly inner: OperationGraphs,
    private readonly link: StoreLink,
  ) {
    super();
  }

  override revision(): Promise<string> {
    return this.link.send('revision', () => this.inner.revision(), false);
  }

  override active(): Promise<RunnableGraph[]> {
    return this.link.send('active', () => this.inner.active(), false);
  }

  override byIds(graphIds: readonly number[]): Promise<RunnableGraph[]> {
    return this.link.send('graphs', () => this.inner.byIds(graphIds), false);
  }

  override history(eventType?: string, limit?: number): Promise<OperationGraph[]> {
    return this.link.send('history', () => this.inner.history(eventType, limit), false);
  }

  override activateAll(changes: readonly GraphActivation[]): Promise<ActivationsOutcome> {
    return this.link.send('activate', () => this.inner.activateAll(changes));
  }

  override setState(
    operation: string,
    state: OperationState,
    actor: string,
    context?: Omit<ChangeAuthor, 'actor'>,
  ): Promise<boolean> {
    return this.link.send(`${operation} ${state}`, () =>
      this.inner.setState(operation, state, actor, context),
    );
  }
}

/** Cancels and reschedules as one process asks for them. */
export class LinkedControl extends EventControlStore {
  constructor(
    private readonly inner: EventControlStore,
    private readonly link: StoreLink,
  ) {
    super();
  }

  override cancel(event: EventReference): Promise<CancelAnswer> {
    return this.link.send(`cancel ${event.messageId}`, () => this.inner.cancel(event));
  }

  override reschedule(event: EventReference, deliverAt: string): Promise<RescheduleAnswer> {
    return this.link.send(`reschedule ${event.messageId}`, () => this.inner.reschedule(event, deliverAt));
  }

  override getEvent(event: EventReference): Promise<EventStatus | null> {
    return this.link.send('event', () => this.inner.getEvent(event), false);
  }

  override hints(): Promise<StoreHintValues> {
    return this.link.send('hints', () => this.inner.hints(), false);
  }
}
