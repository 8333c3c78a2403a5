import { BusError } from '@bus/contracts';

/** The broker does not answer now; what waits for it goes on by itself once it does. */
export class BrokerUnavailableError extends BusError {
  constructor(details: { broker: string; cause?: unknown }) {
    super({
      code: 'unavailable',
      message: `${details.broker} does not answer; check that it runs and that its address is right`,
      cause: details.cause,
    });
  }
}

/** The log is not made, or its settings would break a promise. Nothing is published or read until it is mended. */
export class LogSettingsError extends BusError {
  /** One line each: what is wrong, and the fix. */
  readonly problems: readonly string[];

  constructor(details: { log: string; problems: readonly string[] }) {
    super({
      code: 'unavailable',
      message: `${details.log}: ${details.problems.join('; ')}`,
      logLevel: 'error',
    });
    this.problems = details.problems;
  }
}

/** Why a record was not taken before it left this process. */
export class NotSentError extends BusError {
  constructor(details: { reason: string; cause?: unknown }) {
    super({ code: 'unavailable', message: details.reason, cause: details.cause });
  }
}

/** A record is larger than the log takes. */
export class RecordTooLargeError extends BusError {
  constructor(details: { bytes: number; limit: number }) {
    super({
      code: 'too_large',
      message: `a record of ${details.bytes} bytes is over the log's limit of ${details.limit}; send a smaller payload`,
    });
  }
}
