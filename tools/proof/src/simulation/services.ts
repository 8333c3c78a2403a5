import type { OperationReply, OperationRequest } from '@bus/contracts';
import type { EffectFacts } from '../checker/evidence';
import type { SeededRandom } from '../random';
import type { FaultCounts } from './fault-counts';
import { EPOCH_MS } from './process-run';
import type { RunTrace } from './run-trace';
import type { VirtualTime } from './virtual-time';

/** The kit waits so long for another attempt of the same execution, then answers `retry`. */
const LOCK_WAIT_MS = 3000;

export interface ServiceWorld {
  time: VirtualTime;
  faults: FaultCounts;
  trace: RunTrace;
  /** Of all services, as they were committed. */
  effects: EffectFacts[];
}

/** What one call does, as the network's seed says. */
export interface ServiceFate {
  durationMs: number;
  answer: 'completed' | 'retry' | 'rejected';
  /** The process dies right after its commit: no reply. */
  diesAfterSuccess: boolean;
}

interface Applied {
  content: string;
  output: string;
}

/**
 * A service with the kit's semantics: the execution id is recorded in the transaction of the effect, and the unique
 * key decides. Its effects have no such key, so that one that is applied twice shows.
 */
export class SimulatedService {
  isDown = false;
  /** Added to each call, ms. */
  slowMs = 0;
  /** Calls under way. */
  underWay = 0;
  protected readonly applied = new Map<string, Applied>();
  private readonly locked = new Map<string, number>();
  protected starts = 0;

  constructor(
    readonly name: string,
    protected readonly world: ServiceWorld,
    private readonly random: SeededRandom,
  ) {}

  /** Everything under way is lost. */
  kill(): void {
    this.starts++;
    this.locked.clear();
  }

  /** @param reply not called where the process dies */
  handle(request: OperationRequest, fate: ServiceFate, reply: (reply: OperationReply) => void): void {
    const { time } = this.world;
    const { executionId } = request;
    const start = this.starts;
    const content = JSON.stringify(request.event.payload);
    const beganMs = time.nowMs;
    this.underWay++;
    const finish = (run: () => Partial<OperationReply> | null, inMs: number) =>
      time.after(inMs, () => {
        this.underWay--;
        const result = start === this.starts ? run() : null;
        if (result) reply(toReply(request, result));
      });
    const known = this.applied.get(executionId);
    if (known) return void finish(() => repeated(known, content), 1);
    const lockedMs = (this.locked.get(executionId) ?? 0) - time.nowMs;
    if (lockedMs > LOCK_WAIT_MS)
      return void finish(() => ({ status: 'retry', code: 'locked' }), LOCK_WAIT_MS);
    const beginsInMs = Math.max(0, lockedMs);
    const durationMs = beginsInMs + fate.durationMs + this.slowMs * this.random.next();
    this.locked.set(executionId, time.nowMs + durationMs);
    finish(() => {
      if (fate.answer === 'rejected') return { status: 'rejected', code: 'no_stock' };
      if (fate.answer === 'retry')
        return { status: 'retry', code: 'busy', retryAfterMs: this.random.pick([0, 200, 1500]) };
      const output = this.apply(request, content, beganMs);
      if (!fate.diesAfterSuccess) return output;
      this.world.faults.add('killed-after-success');
      this.kill();
      return null;
    }, durationMs);
  }

  /** The transaction: execution id and effect, or what was done before. */
  protected apply(request: OperationRequest, content: string, beganMs: number): Partial<OperationReply> {
    const known = this.applied.get(request.executionId);
    if (known) return repeated(known, content);
    const output = JSON.stringify({ by: this.name, of: request.event.messageId });
    this.applied.set(request.executionId, { content, output });
    this.effect(request, content, beganMs);
    return { status: 'completed', output: JSON.parse(output) };
  }

  protected effect(
    { executionId, operation, attempt, event }: OperationRequest,
    content: string,
    beganMs: number,
  ): void {
    const { effects, trace, time } = this.world;
    trace.add(time.nowMs, `effect ${operation} of ${event.messageId} by attempt ${attempt}`);
    effects.push({
      executionId,
      event: `${event.source} ${event.messageId}`,
      operation,
      attempt,
      content,
      order: effects.length,
      atMs: EPOCH_MS + beganMs,
    });
  }
}

function repeated(known: Applied, content: string): Partial<OperationReply> {
  if (known.content !== content) return { status: 'rejected', code: 'content_mismatch' };
  return { status: 'completed', output: JSON.parse(known.output), duplicate: true };
}

function toReply(
  { executionId, operation, attempt }: OperationRequest,
  result: Partial<OperationReply>,
): OperationReply {
  return { executionId, operation, attempt, status: 'completed', ...result };
}
