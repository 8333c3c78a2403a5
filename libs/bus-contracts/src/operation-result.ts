/** What a handler answers. Build it with `completed`, `retry` and `rejected`. */
export type OperationResult =
  | { status: 'completed'; output?: unknown; duplicate?: boolean }
  | { status: 'retry'; retryAfterMs?: number; code?: string; reason?: string }
  | { status: 'rejected'; code: string; reason?: string };

/** The result on the wire: it names the call that it answers. Anything else is a faulty reply: counted and retried. */
export interface OperationReply {
  executionId: string;
  operation: string;
  attempt: number;
  status: 'completed' | 'retry' | 'rejected';
  code?: string;
  /** ≤ 2 KB; longer ones are cut. */
  reason?: string;
  /** At least this long; capped by the operation's `backoffCapMs`. */
  retryAfterMs?: number;
  /** JSON of ≤ 16 KB, handed to dependents as `inputs[operation]`. */
  output?: unknown;
  /** Done before, nothing done now. */
  duplicate?: boolean;
}

/** The effect is done. @param output JSON of ≤ 16 KB for the operations that depend on this one. */
export function completed(output?: unknown): OperationResult {
  return output === undefined ? { status: 'completed' } : { status: 'completed', output };
}

/** Try again later. @param retryAfterMs wait at least this long. */
export function retry(why: { retryAfterMs?: number; code?: string; reason?: string } = {}): OperationResult {
  return { status: 'retry', ...why };
}

/** Never going to work: a dead letter. `code` is for machines (`out_of_stock`), `reason` for people. */
export function rejected(why: { code: string; reason?: string }): OperationResult {
  return { status: 'rejected', ...why };
}

/** Answer of `{cmd:'operation.describe'}`. */
export interface ServiceDescription {
  service: string;
  version: string;
  contract: number;
  operations: {
    operation: string;
    eventTypes: string[];
    /** JSON Schema of the payload by event type, where one is known. */
    schemas: Record<string, unknown>;
  }[];
}
