import { completed } from '@bus/contracts';
import {
  OperationCaller,
  type CallSignal,
  type OutgoingCall,
} from '../../../../apps/bus-consumer/src/embedding';

const DONE = completed();
const NOTHING_TO_ABANDON = () => undefined;

/** Every operation is done at once, in this process: what is left is the bus itself. */
export class NoOpCaller extends OperationCaller {
  override call(call: OutgoingCall, done: (signal: CallSignal) => void): () => void {
    const { executionId, attempt, operation } = call;
    queueMicrotask(() =>
      done({ kind: 'reply', reply: { executionId, operation: operation.name, attempt, ...DONE } }),
    );
    return NOTHING_TO_ABANDON;
  }

  override async close(): Promise<void> {
    // Nothing is open.
  }
}
