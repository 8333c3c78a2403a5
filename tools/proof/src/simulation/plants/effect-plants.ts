import type { OperationReply, OperationRequest } from '@bus/contracts';
import type { CallSignal, OperationCaller } from '../../../../../apps/bus-consumer/src/simulation';
import type { SeededRandom } from '../../random';
import { NetworkCaller } from '../network-caller';
import type { ProcessRun } from '../process-run';
import { SimulatedService } from '../services';
import { WorldParts } from '../world-parts';
import type { WorldPlan } from '../world-plan';
import { withCalls, type Plant } from './plant';

/** Takes whatever arrives for the answer to the call under way. */
class TrustingCaller extends NetworkCaller {
  protected override replyOf(fault: string, expected: OperationReply): CallSignal {
    const signal = super.replyOf(fault, expected);
    if (signal.kind !== 'reply' || typeof signal.reply !== 'object' || signal.reply === null) return signal;
    const { executionId, operation, attempt } = expected;
    return { kind: 'reply', reply: { ...signal.reply, executionId, operation, attempt } };
  }
}

class ReplyUnmatched extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    return withCalls(plan, { otherReply: 0.3 });
  }

  override caller(process: ProcessRun): OperationCaller {
    return new TrustingCaller(this.world.network, process);
  }
}

/** Looks first, has its effect, and notes the execution id in a transaction of its own. */
class TwoTransactionService extends SimulatedService {
  protected override apply(
    request: OperationRequest,
    content: string,
    beganMs: number,
  ): Partial<OperationReply> {
    const start = this.starts;
    if (this.applied.has(request.executionId)) return super.apply(request, content, beganMs);
    this.effect(request, content, beganMs);
    this.world.time.after(20, () => {
      if (start === this.starts) this.applied.set(request.executionId, { content, output: '{}' });
    });
    return { status: 'completed', output: {} };
  }
}

class DedupeOutside extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    return withCalls(plan, { killedAfterSuccess: 0.2 });
  }

  override service(name: string, random: SeededRandom): SimulatedService {
    return new TwoTransactionService(name, this.world, random);
  }
}

export const effectPlants: Plant[] = [
  {
    name: 'reply unmatched',
    guarantee: 'G9',
    breaks: 'a reply is not asked which call it answers',
    build: (world) => new ReplyUnmatched(world),
  },
  {
    name: 'dedupe outside the effect’s transaction',
    guarantee: 'G4',
    breaks: 'the execution id is recorded after the effect, in a transaction of its own',
    build: (world) => new DedupeOutside(world),
  },
];
