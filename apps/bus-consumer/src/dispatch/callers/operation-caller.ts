import { CONTRACT_VERSION, type OperationRequest } from '@bus/contracts';
import type { AttemptSignal, RunnableOperation } from '@bus/domain';
import { eventJson, type HeldEvent } from '../in-flight-window';

/** How a call ended, for `judgeAttempt`. */
export type CallSignal = Exclude<AttemptSignal, { kind: 'timeout' | 'given_back' | 'filtered' | 'refused' }>;

/** One attempt on its way to a service: as an object for callers in this process, as JSON text for the others. */
export class OutgoingCall {
  /** @param mapped replaces the payload; `null`: the event's own */
  constructor(
    readonly operation: RunnableOperation,
    readonly executionId: string,
    readonly attempt: number,
    private readonly held: HeldEvent,
    private readonly extra: {
      mapped: { value: unknown } | null;
      inputs: Record<string, unknown> | null;
      traceparent: string;
    },
  ) {}

  request(): OperationRequest {
    const { messageId, source, type, key, occurredAt } = this.held.event;
    const payload = (this.extra.mapped ? this.extra.mapped.value : this.held.payload()) as never;
    return { ...this.head(), event: { messageId, source, type, key, payload, occurredAt }, ...this.tail() };
  }

  /** The same as text. The payload's own bytes go through unchanged; they are not parsed and written again. */
  json(): string {
    const { mapped } = this.extra;
    const event = mapped ? eventJson(this.held.event, JSON.stringify(mapped.value)) : this.held.json();
    const { inputs, traceparent } = this.extra;
    const more = inputs ? `"inputs":${JSON.stringify(inputs)},` : '';
    return `${this.headJson()},"event":${event},${more}"traceparent":"${traceparent}"}`;
  }

  private head() {
    const { operation, executionId, attempt } = this;
    return {
      contract: CONTRACT_VERSION as typeof CONTRACT_VERSION,
      operation: operation.name,
      executionId,
      attempt,
      deadlineMs: operation.timeoutMs,
      effect: operation.effect,
    };
  }

  /** `head` as text, open at its end. Names, ids and words of the contract need no escapes. */
  private headJson(): string {
    const { operation, executionId, attempt } = this;
    return (
      `{"contract":${CONTRACT_VERSION},"operation":"${operation.name}","executionId":"${executionId}",` +
      `"attempt":${attempt},"deadlineMs":${operation.timeoutMs},"effect":"${operation.effect}"`
    );
  }

  private tail() {
    const { inputs, traceparent } = this.extra;
    return inputs ? { inputs, traceparent } : { traceparent };
  }
}

/**
 * Port: carries a call to where the operation is implemented. Keeps no time: the dispatcher does, and abandons.
 * Outcomes are signals, never exceptions.
 */
export abstract class OperationCaller {
  /**
   * @param done called once at most, never before this returns, not at all once the call was abandoned
   * @returns abandons the call: its answer will be dropped
   */
  abstract call(call: OutgoingCall, done: (signal: CallSignal) => void): () => void;
  /** Ends all connections. */
  abstract close(): Promise<void>;
}
