import { Injectable } from '@nestjs/common';
import { CANCEL_DELAYED, type OperationReply, type OperationResult } from '@bus/contracts';
import { EventControlStore } from '@bus/store';
import { CancelDelayed } from '../built-in/cancel-delayed';
import { OperationCaller, type CallSignal, type OutgoingCall } from './operation-caller';

/** Runs built-in operations (`bus.*`) in this process; claimed, logged and settled like any other. */
@Injectable()
export class BuiltInOperationCaller extends OperationCaller {
  constructor(private readonly control: EventControlStore) {
    super();
  }

  override call(call: OutgoingCall, done: (signal: CallSignal) => void): () => void {
    let isAbandoned = false;
    void this.execute(call).then((result) => {
      if (!isAbandoned) done({ kind: 'reply', reply: toReply(call, result) });
    });
    return () => {
      isAbandoned = true;
    };
  }

  override async close(): Promise<void> {
    // Nothing is kept open.
  }

  private async execute(call: OutgoingCall): Promise<OperationResult> {
    if (call.operation.name !== CANCEL_DELAYED)
      return { status: 'retry', code: 'unknown_operation', reason: 'no built-in operation has this name' };
    try {
      return await new CancelDelayed(this.control, call.operation.cancelSource).execute(call.request());
    } catch {
      return {
        status: 'retry',
        code: 'store_unavailable',
        reason: 'the store did not answer the cancellation',
      };
    }
  }
}

function toReply(call: OutgoingCall, result: OperationResult): OperationReply {
  const { executionId, attempt } = call;
  return { executionId, operation: call.operation.name, attempt, ...result };
}
