import type { ErrorAnswer, ErrorCode, Fault, PublishOutcome } from './error-code';
import { LIMITS } from './limits';

export interface BusErrorDetails {
  code: ErrorCode;
  /** Names the thing and the fix; never holds values of the input. */
  message: string;
  /** Default `not_accepted`. */
  outcome?: PublishOutcome;
  faults?: readonly Fault[];
  cause?: unknown;
  /** Default `warn`; `error` for what an operator has to look at. */
  logLevel?: 'debug' | 'info' | 'warn' | 'error';
}

/** Base of every error that the bus answers or logs by a code. */
export class BusError extends Error {
  readonly code: ErrorCode;
  readonly outcome: PublishOutcome;
  readonly faults: readonly Fault[];
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';

  constructor(details: BusErrorDetails) {
    super(details.message, { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.outcome = details.outcome ?? 'not_accepted';
    this.faults = (details.faults ?? []).slice(0, LIMITS.faults);
    this.logLevel = details.logLevel ?? 'warn';
  }

  /** The body of the answer. */
  toAnswer(): ErrorAnswer {
    return {
      error: { code: this.code, message: this.message, outcome: this.outcome, faults: [...this.faults] },
    };
  }
}
