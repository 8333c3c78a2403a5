import { BusError, type Fault, type PublishOutcome } from '@bus/contracts';
import type { Refusal } from '@bus/domain';

const MESSAGES: Record<Refusal['code'], string> = {
  invalid: 'The event has faults; nothing was published.',
  too_large: 'The event is too large; nothing was published.',
  unprocessable: 'The bus does not take this event; nothing was published.',
};

/** The event has faults, all told at once. */
export class RefusedEventError extends BusError {
  constructor(refusal: Refusal) {
    super({ ...refusal, message: MESSAGES[refusal.code], logLevel: 'debug' });
  }
}

/** A batch that cannot be looked at event by event. */
export class RefusedBatchError extends BusError {
  constructor(code: 'invalid' | 'too_large', faults: readonly Fault[]) {
    super({ code, faults, message: 'The batch has faults; nothing was published.', logLevel: 'debug' });
  }
}

/** The broker takes no record of this size. Publishing it again is in vain. */
export class RecordRefusedError extends BusError {
  constructor(cause: unknown) {
    super({
      code: 'too_large',
      message: 'The broker takes no event of this size; nothing was published.',
      cause,
    });
  }
}

/** The broker did not confirm within 5 s. */
export class NotConfirmedError extends BusError {
  constructor(outcome: PublishOutcome, cause: unknown) {
    super({
      code: 'unavailable',
      outcome,
      message:
        outcome === 'unknown'
          ? 'The broker did not confirm in time and may hold the event; publish it again with the same messageId.'
          : 'The broker cannot be reached; nothing was published. Publish again later.',
      cause,
    });
  }
}

/** `delayMs`, right after a start while the store is away: nobody knows yet how far this clock is from the database's. */
export class ClockUnknownError extends BusError {
  constructor() {
    super({
      code: 'unavailable',
      outcome: 'not_accepted',
      message:
        'The clock of the database is not known yet, so delayMs cannot be counted; nothing was published. ' +
        'Publish again in a moment, or send deliverAt instead.',
    });
  }
}
