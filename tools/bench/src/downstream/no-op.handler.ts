import { setTimeout as pause } from 'node:timers/promises';
import {
  completed,
  OperationConsumer,
  OperationHandler,
  rejected,
  retry,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import { Injectable } from '@nestjs/common';

/** How the handler behaves; by the service's environment. */
export interface Behaviour {
  /** Every call takes so long. */
  handlerMs: number;
  /** Of the first attempts, by the event's number: answered `retry`. */
  retryShare: number;
  /** Answered `rejected`: dead at once. */
  deadShare: number;
  /** This operation's calls are not answered within any timeout. */
  silentOperation: string | null;
}

export abstract class BehaviourOf {
  abstract readonly now: Behaviour;
}

const LONGER_THAN_ANY_TIMEOUT_MS = 60_000;

/** Does nothing, in the way it is told to. */
@Injectable()
@OperationConsumer('bench.noop-1', 'bench.noop-2', 'bench.noop-3', 'bench.noop-4')
export class NoOp extends OperationHandler {
  constructor(private readonly behaviour: BehaviourOf) {
    super();
  }

  async execute(request: OperationRequest): Promise<OperationResult> {
    const { handlerMs, retryShare, deadShare, silentOperation } = this.behaviour.now;
    if (request.operation === silentOperation)
      await pause(LONGER_THAN_ANY_TIMEOUT_MS, undefined, { ref: false });
    if (handlerMs > 0) await pause(handlerMs);
    if (retryShare > 0 || deadShare > 0) {
      const share = shareOf(request.event.messageId, request.operation);
      if (share < deadShare) return rejected({ code: 'bench', reason: 'as the scenario wants' });
      if (share < deadShare + retryShare && request.attempt === 1) return retry({ code: 'bench' });
    }
    return completed();
  }
}

/** The same for the same execution: 0 to 1, evenly. */
function shareOf(messageId: string, operation: string): number {
  const number = Number(/\d+$/.exec(messageId)?.[0] ?? 0);
  const index = Number(/\d+$/.exec(operation)?.[0] ?? 0);
  return ((number * 4 + index) % 1000) / 1000;
}
