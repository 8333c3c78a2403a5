import { completed, type OperationRequest, type OperationResult } from '@bus/contracts';
import { OperationCaller, type CallSignal, type OutgoingCall } from '../dispatch/callers/operation-caller';

/** What a call is answered with: a result, a raw signal, or nothing at all (it then times out). */
export type Answer = OperationResult | { signal: CallSignal } | 'silence';
type Handler = (request: OperationRequest) => Answer | Promise<Answer>;

/** Services inside this process. An operation without a handler completes at once. */
export class FakeServices extends OperationCaller {
  /** Every call, in order of arrival. */
  readonly calls: { operation: string; messageId: string; attempt: number; request: OperationRequest }[] = [];
  private readonly handlers = new Map<string, Handler>();
  private readonly watchers: { wanted: () => boolean; go: () => void }[] = [];
  private isRecording = true;
  private count = 0;

  on(operation: string, handler: Handler): this {
    this.handlers.set(operation, handler);
    return this;
  }

  /** Counts calls and keeps none: for loads. */
  forget(): this {
    this.isRecording = false;
    return this;
  }

  get callCount(): number {
    return this.count;
  }

  callsOf(operation: string): string[] {
    return this.calls.filter((call) => call.operation === operation).map((call) => call.messageId);
  }

  /** Resolves once the condition holds after some call; rejects after `withinMs`. */
  when(wanted: () => boolean, withinMs = 10_000): Promise<void> {
    if (wanted()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not within ${withinMs} ms: ${wanted}`)), withinMs);
      this.watchers.push({
        wanted,
        go: () => {
          clearTimeout(timer);
          resolve();
        },
      });
    });
  }

  override call(call: OutgoingCall, done: (signal: CallSignal) => void): () => void {
    this.count++;
    const handler = this.handlers.get(call.operation.name);
    let answer: Promise<Answer>;
    if (handler || this.isRecording) {
      const request = call.request();
      const { operation, attempt } = request;
      if (this.isRecording)
        this.calls.push({ operation, attempt, messageId: request.event.messageId, request });
      answer = Promise.resolve(handler ? handler(request) : completed());
    } else answer = Promise.resolve(completed());
    void answer.then((result) => this.answer(call, result, done));
    for (const watcher of this.watchers.filter(({ wanted }) => wanted())) {
      this.watchers.splice(this.watchers.indexOf(watcher), 1);
      watcher.go();
    }
    return () => undefined;
  }

  override async close(): Promise<void> {
    // Nothing is open.
  }

  private answer(call: OutgoingCall, answer: Answer, done: (signal: CallSignal) => void): void {
    if (answer === 'silence') return;
    if ('signal' in answer) return done(answer.signal);
    const { executionId, attempt } = call;
    done({ kind: 'reply', reply: { executionId, operation: call.operation.name, attempt, ...answer } });
  }
}
