import { BusError, ERROR_STATUS, type ErrorAnswer, type ErrorCode } from '@bus/contracts';

/** Whether something is the bus's error answer. */
export function isErrorAnswer(value: unknown): value is ErrorAnswer {
  const error = (value as ErrorAnswer | null)?.error;
  return (
    typeof error === 'object' &&
    error !== null &&
    typeof error.code === 'string' &&
    error.code in ERROR_STATUS
  );
}

/** An answer of the bus as the error that its caller catches. Anything that is no answer: outcome `unknown`. */
export function toBusError(answer: unknown, cause?: unknown): BusError {
  if (!isErrorAnswer(answer))
    return new BusError({
      code: 'unavailable',
      outcome: 'unknown',
      message:
        'bus-producer answered something that is no answer of the bus; publish again with the same messageId',
      cause: cause ?? answer,
    });
  const { code, message, outcome, faults } = answer.error;
  return new BusError({ code: code as ErrorCode, message, outcome, faults, cause });
}

/** Nothing left this process: safe to send again. */
export function notSent(cause: unknown): BusError {
  return new BusError({
    code: 'unavailable',
    outcome: 'not_accepted',
    message: 'bus-producer was not reached',
    cause,
  });
}

/** It may have been taken: publish again with the same messageId. */
export function notAnswered(why: string, cause?: unknown): BusError {
  return new BusError({
    code: 'unavailable',
    outcome: 'unknown',
    message: `${why}; publish again with the same messageId`,
    cause,
  });
}
