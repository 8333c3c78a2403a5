import type { OperationReply } from '@bus/contracts';
import {
  OperationCaller,
  type CallSignal,
  type OutgoingCall,
} from '../../../../apps/bus-consumer/src/simulation';
import type { SeededRandom } from '../random';
import { NO_CALL_FAULTS, type CallFaults } from './call-faults';
import type { FaultCounts } from './fault-counts';
import type { ProcessRun } from './process-run';
import type { RunTrace } from './run-trace';
import type { ServiceFate, SimulatedService } from './services';
import type { VirtualTime } from './virtual-time';

/** The network between all replicas and all services, as it is now. */
export class Network {
  shares: CallFaults = NO_CALL_FAULTS;
  /** The last reply that a service sent: what comes where another reply was due. */
  stray: OperationReply | null = null;

  constructor(
    readonly services: ReadonlyMap<string, SimulatedService>,
    readonly time: VirtualTime,
    readonly random: SeededRandom,
    readonly seen: { faults: FaultCounts; trace: RunTrace },
  ) {}

  /** At most one fault a call. */
  draw(): keyof CallFaults | 'none' {
    let point = this.random.next();
    for (const [kind, share] of Object.entries(this.shares) as [keyof CallFaults, number][]) {
      if (point < share) {
        this.seen.faults.add(`call-${kind}`);
        return kind;
      }
      point -= share;
    }
    return 'none';
  }

  serviceOf(operation: string): SimulatedService {
    const name = operation.slice(0, operation.indexOf('.'));
    const service = this.services.get(name);
    if (!service) throw new RangeError(`no service has ${operation}`);
    return service;
  }
}

/** Carries the calls of one replica. */
export class NetworkCaller extends OperationCaller {
  constructor(
    protected readonly network: Network,
    protected readonly process: ProcessRun,
  ) {
    super();
  }

  override call(call: OutgoingCall, done: (signal: CallSignal) => void): () => void {
    const { network, process } = this;
    const { random, time, seen } = network;
    const { operation } = call;
    const service = network.serviceOf(operation.name);
    const request = call.request();
    const fault = network.draw();
    seen.trace.add(
      time.nowMs,
      `${process.name} calls ${operation.name} of ${request.event.messageId}, attempt ${call.attempt}: ${fault}`,
    );
    let isOver = false;
    const end = (inMs: number, signal: CallSignal) =>
      process.arrive(inMs, () => {
        if (isOver) return;
        isOver = true;
        done(signal);
      });
    if (fault === 'unreachable' || service.isDown) {
      end(random.between(1, 30), { kind: 'unreachable', reason: 'connection refused' });
    } else if (fault === 'lost') {
      // Nobody knows that it was lost: a reset after sending, or silence.
      if (random.chance(0.5)) end(random.between(1, 500), { kind: 'unknown', reason: 'connection reset' });
    } else if (fault === 'otherReply' && network.stray && random.chance(0.5)) {
      // It never got there, and what comes back belongs to another call.
      end(this.wayMs(), this.replyOf(fault, toReply(call)));
    } else {
      const fate = this.fateOf(fault, operation.timeoutMs);
      time.after(this.wayMs(), () => {
        if (service.isDown) return;
        service.handle(request, fate, (reply) => {
          if (fault === 'replyLost') return;
          const signal = this.replyOf(fault, reply);
          network.stray = reply;
          end(this.wayMs(), signal);
          if (fault === 'replyTwice') end(this.wayMs() + random.between(0, 20), signal);
        });
      });
    }
    return () => {
      isOver = true;
    };
  }

  override async close(): Promise<void> {
    // Nothing is kept open.
  }

  /** What a reply looks like when it arrives. */
  protected replyOf(fault: string, reply: OperationReply): CallSignal {
    const { random, stray } = this.network;
    if (fault === 'otherReply')
      return { kind: 'reply', reply: stray ?? { ...reply, attempt: reply.attempt + 1 } };
    if (fault !== 'garbage') return { kind: 'reply', reply };
    const garbage = [
      'no object',
      null,
      { ...reply, status: 'fine' },
      { ...reply, output: 'x'.repeat(17_000) },
    ];
    if (random.chance(0.2)) return { kind: 'faulty', reason: 'status 502' };
    return { kind: 'reply', reply: random.pick(garbage) };
  }

  private fateOf(fault: string, timeoutMs: number): ServiceFate {
    const { random } = this.network;
    const isSlow = fault === 'slow';
    return {
      durationMs: isSlow ? timeoutMs * (0.5 + 5 * random.next()) : random.between(1, 40),
      answer: fault === 'retry' ? 'retry' : fault === 'rejected' ? 'rejected' : 'completed',
      diesAfterSuccess: fault === 'killedAfterSuccess',
    };
  }

  private wayMs(): number {
    const { random } = this.network;
    return random.chance(0.04) ? random.between(20, 400) : 0.3 + random.next() * 3;
  }
}

function toReply({ executionId, operation, attempt }: OutgoingCall): OperationReply {
  return { executionId, operation: operation.name, attempt, status: 'completed' };
}
