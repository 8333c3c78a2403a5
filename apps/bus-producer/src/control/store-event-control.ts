import { Clock } from '@bus/app-shell';
import {
  BusError,
  type CancelAnswer,
  EventControl,
  type EventReference,
  type EventStatus,
  type RescheduleAnswer,
} from '@bus/contracts';
import { acceptReference, acceptReschedule, type Refusal } from '@bus/domain';
import { EventControlStore, StoreUnavailableError } from '@bus/store';
import { Injectable } from '@nestjs/common';
import { StoreHints } from '../publish/store-hints';

/** A caller is answered within 5 s; the network gets the rest. */
const ANSWER_WITHIN_MS = 4_500;

/** EventControl on the store: checks what was asked, and answers within 5 s, `unknown` where the store does not. */
@Injectable()
export class StoreEventControl extends EventControl {
  constructor(
    private readonly store: EventControlStore,
    private readonly hints: StoreHints,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async cancel(event: unknown): Promise<CancelAnswer> {
    const accepted = orRefuse(acceptReference(event));
    return this.ask(this.store.cancel(accepted.event));
  }

  override async reschedule(event: unknown, to: unknown): Promise<RescheduleAnswer> {
    const databaseNowMs = this.clock.now().getTime() + (this.hints.databaseOffsetMs ?? 0);
    const accepted = orRefuse(acceptReschedule(event, to, databaseNowMs));
    return this.ask(this.store.reschedule(accepted.event, accepted.deliverAt));
  }

  override async getEvent(event: unknown): Promise<EventStatus | null> {
    const accepted = orRefuse(acceptReference(event));
    return this.ask(this.store.getEvent(accepted.event));
  }

  /** As `getEvent`. @throws BusError `not_found` */
  async findEvent(event: unknown): Promise<EventStatus> {
    const status = await this.getEvent(event as EventReference);
    if (status) return status;
    throw new BusError({
      code: 'not_found',
      message: 'The bus has never seen this event.',
      logLevel: 'debug',
    });
  }

  /** The store's own limits are longer; what it does after the answer is told by asking again. */
  private async ask<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new StoreUnavailableError(new Error(`no answer in ${ANSWER_WITHIN_MS} ms`))),
        ANSWER_WITHIN_MS,
      );
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function orRefuse<A extends object>(accepted: A | Refusal): A {
  if (!('faults' in accepted)) return accepted;
  throw new BusError({
    ...accepted,
    message: 'The request has faults; nothing was done.',
    logLevel: 'debug',
  });
}
