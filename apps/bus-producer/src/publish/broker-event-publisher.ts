import { Clock, currentTraceparent } from '@bus/app-shell';
import { BrokerPublisher, type PublishResult } from '@bus/broker';
import {
  BusError,
  EventPublisher,
  type Fault,
  LIMITS,
  type PublishBatchReceipt,
  type PublishReceipt,
  type RpcEnvelope,
} from '@bus/contracts';
import {
  acceptCloudEvent,
  type Acceptance,
  type AcceptContext,
  acceptEvent,
  type CloudEventRequest,
  encodeRecord,
} from '@bus/domain';
import { Inject, Injectable } from '@nestjs/common';
import { batchFaults, withTextFaults } from './batch-faults';
import { freshRandom } from './fresh-random';
import {
  NotConfirmedError,
  RecordRefusedError,
  RefusedBatchError,
  ClockUnknownError,
  RefusedEventError,
} from './publish.errors';
import { PublishMetrics, type PublishEntry } from './publish-metrics';
import { PUBLISH_OPTIONS, type PublishOptions } from './publish-options';
import { StoreHints } from './store-hints';

/** How a request came in. */
export interface PublishContext extends RpcEnvelope {
  /** Default `local`: a call within this process. */
  entry?: PublishEntry;
  /** What scanJson found in the request's text; paths point into the request. */
  textFaults?: readonly Fault[];
}

type Accepted = Extract<Acceptance, { event: unknown }>;

/** EventPublisher on the broker alone: checks, encodes, and answers once the broker has the record durably. */
@Injectable()
export class BrokerEventPublisher extends EventPublisher {
  constructor(
    private readonly broker: BrokerPublisher,
    private readonly hints: StoreHints,
    private readonly clock: Clock,
    private readonly metrics: PublishMetrics,
    @Inject(PUBLISH_OPTIONS) private readonly options: PublishOptions,
  ) {
    super();
  }

  override publish(event: unknown, context: PublishContext = {}): Promise<PublishReceipt> {
    return this.publishOne(context, (accept) => acceptEvent(event, accept));
  }

  /** As `publish`; fault paths point into the CloudEvent's structured form. */
  publishCloudEvent(cloudEvent: CloudEventRequest, context: PublishContext = {}): Promise<PublishReceipt> {
    return this.publishOne(context, (accept) => acceptCloudEvent(cloudEvent, accept));
  }

  override publishBatch(batch: unknown, context: PublishContext = {}): Promise<PublishBatchReceipt> {
    return this.timed(context.entry ?? 'local', (entry) => this.publishAll(batch, context, entry));
  }

  private publishOne(
    { entry: given, textFaults = [] }: PublishContext,
    accept: (context: AcceptContext) => Acceptance,
  ): Promise<PublishReceipt> {
    return this.timed(given ?? 'local', async (entry) => {
      const acceptance = withTextFaults(accept(this.acceptContext()), textFaults);
      if ('faults' in acceptance) throw this.failed(entry, new RefusedEventError(acceptance));
      if (!this.isTimed(acceptance)) throw this.failed(entry, new ClockUnknownError());
      const [result] = await this.broker.publish([encodeRecord(acceptance.event)]);
      const receipt = this.receiptOf(acceptance, result, entry);
      if (receipt instanceof BusError) throw receipt;
      return receipt;
    });
  }

  private async publishAll(
    batch: unknown,
    { textFaults = [] }: PublishContext,
    entry: PublishEntry,
  ): Promise<PublishBatchReceipt> {
    const { whole, ofEvent } = batchFaults(batch, textFaults);
    if (whole.length > 0) throw this.failed(entry, new RefusedBatchError('invalid', whole));
    const { events } = batch as { events: unknown[] };
    if (events.length > LIMITS.batchEvents) {
      const fault = { path: '/events', message: `more than ${LIMITS.batchEvents} events` };
      throw this.failed(entry, new RefusedBatchError('too_large', [fault]));
    }
    const context = this.acceptContext();
    const acceptances = events.map((event, index) =>
      withTextFaults(acceptEvent(event, { ...context, random: freshRandom() }), ofEvent.get(index) ?? []),
    );
    const accepted = acceptances.filter(
      (acceptance): acceptance is Accepted => 'event' in acceptance && this.isTimed(acceptance),
    );
    const records = accepted.map(({ event }) => encodeRecord(event));
    const results = (records.length > 0 ? await this.broker.publish(records) : []).values();
    const receipts = acceptances.map((acceptance, index) =>
      'faults' in acceptance
        ? this.failed(entry, new RefusedEventError(inBatch(acceptance, index)))
        : this.isTimed(acceptance)
          ? this.receiptOf(acceptance, results.next().value as PublishResult, entry)
          : this.failed(entry, new ClockUnknownError()),
    );
    throwIfNoneReached(receipts);
    return {
      results: receipts.map((receipt) =>
        receipt instanceof BusError ? { status: 'refused', error: receipt.toAnswer().error } : receipt,
      ),
    };
  }

  private acceptContext(): AcceptContext {
    return {
      nowMs: this.clock.now().getTime(),
      random: freshRandom(),
      databaseOffsetMs: this.hints.databaseOffsetMs ?? 0,
      knownTypes: this.options.refuseUnknownTypes ? this.hints.knownTypes : undefined,
      orderedTypes: this.hints.orderedTypes,
      traceparent: currentTraceparent(),
    };
  }

  /** False: `delayMs`, and the database's clock is not known yet: by this machine's own clock it might come early. */
  private isTimed({ relative }: Accepted): boolean {
    return !relative || this.hints.databaseOffsetMs !== null;
  }

  private receiptOf({ event, overdue }: Accepted, result: PublishResult, entry: PublishEntry) {
    switch (result.outcome) {
      case 'accepted': {
        this.metrics.countAccepted(entry, overdue);
        const { messageId, source, eventId } = event;
        return { messageId, source, eventId, status: 'accepted' } satisfies PublishReceipt;
      }
      case 'refused':
        return this.failed(entry, new RecordRefusedError(result.cause));
      default:
        return this.failed(entry, new NotConfirmedError(result.outcome, result.cause));
    }
  }

  private failed<E extends BusError>(entry: PublishEntry, error: E): E {
    this.metrics.countFailed(entry, error);
    return error;
  }

  private async timed<T>(entry: PublishEntry, work: (entry: PublishEntry) => Promise<T>): Promise<T> {
    const startMs = this.clock.monotonicMs();
    try {
      return await work(entry);
    } finally {
      this.metrics.took(entry, this.clock.monotonicMs() - startMs);
    }
  }
}

/** Paths of a batch's answers point into the batch. */
function inBatch(refusal: Extract<Acceptance, { faults: unknown }>, index: number) {
  const faults = refusal.faults.map((fault) => ({ ...fault, path: `/events/${index}${fault.path}` }));
  return { ...refusal, faults };
}

/** With the broker away, a batch fails as a single event does: clients that look at the status alone try again. */
function throwIfNoneReached(receipts: readonly (PublishReceipt | BusError)[]): void {
  const errors = receipts.filter((receipt) => receipt instanceof BusError && receipt.code === 'unavailable');
  if (receipts.length === 0 || errors.length < receipts.length) return;
  throw (errors as BusError[]).find((error) => error.outcome === 'unknown') ?? errors[0];
}
