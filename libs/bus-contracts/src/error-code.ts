/** Every code that an answer of the bus can carry, with the HTTP status that stands for it. */
export const ERROR_STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  too_large: 413,
  unsupported_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  headers_too_large: 431,
  internal: 500,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** What is known of a publish that failed. `unknown`: publish again with the same `messageId`. */
export type PublishOutcome = 'not_accepted' | 'unknown';

/** One fault of a request. `path` is a JSON pointer (RFC 6901) into it. */
export interface Fault {
  path: string;
  message: string;
}

/** The body of every error answer, over HTTP and RPC alike. */
export interface ErrorAnswer {
  error: {
    code: ErrorCode;
    message: string;
    outcome: PublishOutcome;
    /** At most 10. */
    faults: Fault[];
  };
}
