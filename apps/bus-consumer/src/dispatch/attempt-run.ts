import { Injectable } from '@nestjs/common';
import { Clock, newTraceparent, RandomSource } from '@bus/app-shell';
import {
  executionIdOf,
  Expressions,
  judgeAttempt,
  UNKNOWN_OPERATION,
  type AttemptSignal,
  type Judgement,
  type RunnableOperation,
} from '@bus/domain';
import type { AttemptEnd, ExpiredExecution } from '@bus/store';
import { OperationCaller, OutgoingCall } from './callers/operation-caller';
import type { HeldExecution } from './held-execution';
import { TimeoutWheel } from './timeout-wheel';

/** An attempt that has ended, and how the call behind it went. */
export interface EndedAttempt {
  end: AttemptEnd;
  /** `null`: no call left. */
  call: { durationMs: number; answered: boolean } | null;
  /** The effect had been applied before. */
  duplicate: boolean;
}

const UNCHANGED = { mapped: null };

/** Runs one attempt from filter to judgement. */
@Injectable()
export class AttemptRun {
  /** Since when a service answers `unknown_operation`, by operation. */
  private readonly unknownSinceMs = new Map<number, number>();

  constructor(
    private readonly caller: OperationCaller,
    private readonly expressions: Expressions,
    private readonly wheel: TimeoutWheel,
    private readonly clock: Clock,
    private readonly random: RandomSource,
  ) {}

  /** Never rejects. @param operation pinned settings of the event's own graph, live settings of now */
  async run(execution: HeldExecution, operation: RunnableOperation): Promise<EndedAttempt> {
    const { event } = execution.held;
    const executionId = executionIdOf(event, operation.name, execution.forcedRuns);
    // Most operations have neither: no promise is made for them.
    const isPlain = operation.filter === null && operation.mapping === null;
    const before = isPlain ? UNCHANGED : await this.beforeCall(execution, operation);
    if ('kind' in before) {
      const { end } = this.judge(execution, operation, executionId, before, null);
      return { end, call: null, duplicate: false };
    }
    const call = new OutgoingCall(operation, executionId, execution.attempt, execution.held, {
      mapped: before.mapped,
      inputs: execution.inputs,
      traceparent: newTraceparent(execution.held.traceparent()),
    });
    const startedMs = this.clock.monotonicMs();
    const signal = await this.call(call, operation.timeoutMs);
    const durationMs = Math.round(this.clock.monotonicMs() - startedMs);
    const answered = signal.kind === 'reply' || signal.kind === 'faulty';
    return {
      ...this.judge(execution, operation, executionId, signal, durationMs),
      call: { durationMs, answered },
    };
  }

  /** The end of an attempt whose call never left. */
  giveBack(execution: HeldExecution, operation: RunnableOperation): AttemptEnd {
    return this.judge(execution, operation, '', { kind: 'given_back' }, null).end;
  }

  /** The end of an attempt that nobody saw the end of: its lease is over. */
  expire(row: ExpiredExecution, operation: RunnableOperation): AttemptEnd {
    const { eventId, operationId, attempt, counted, graphId, key } = row;
    const { outcome, code, reason, output, after } = judgeAttempt(
      { kind: 'unknown', reason: 'the lease ended before a result was written' },
      { executionId: '', operation: operation.name, attempt, counted },
      operation,
      { random: this.random.next(), unknownOperationForMs: 0 },
    );
    return {
      eventId,
      operationId,
      attempt,
      graphId,
      key,
      outcome,
      code,
      reason,
      output,
      durationMs: null,
      after,
    };
  }

  private async beforeCall(
    execution: HeldExecution,
    operation: RunnableOperation,
  ): Promise<AttemptSignal | { mapped: { value: unknown } | null }> {
    if (operation.filter !== null && !execution.filterPassed) {
      const verdict = await this.expressions.filter(operation.filter, inputOf(execution));
      if (verdict === 'no') return { kind: 'filtered' };
      if (verdict === 'failed')
        return { kind: 'refused', code: 'filter_failed', reason: 'the filter threw or exceeded its limits' };
    }
    if (operation.mapping === null) return UNCHANGED;
    const mapped = await this.expressions.map(operation.mapping, inputOf(execution));
    return mapped.ok
      ? { mapped: { value: mapped.value } }
      : { kind: 'refused', code: 'mapping_failed', reason: mapped.reason };
  }

  private call(call: OutgoingCall, timeoutMs: number): Promise<AttemptSignal> {
    return new Promise((resolve) => {
      const deadline = this.wheel.add(timeoutMs, () => {
        abandon();
        resolve({ kind: 'timeout' });
      });
      const done = (signal: AttemptSignal) => {
        deadline.cancel();
        resolve(signal);
      };
      let abandon: () => void = () => undefined;
      try {
        abandon = this.caller.call(call, done);
      } catch (error) {
        done({
          kind: 'refused',
          code: 'not_callable',
          reason: `the call cannot be made: ${(error as Error).name}`,
        });
      }
    });
  }

  private judge(
    execution: HeldExecution,
    operation: RunnableOperation,
    executionId: string,
    signal: AttemptSignal,
    durationMs: number | null,
  ): Pick<EndedAttempt, 'end' | 'duplicate'> {
    const judgement = judgeAttempt(
      signal,
      { executionId, operation: operation.name, attempt: execution.attempt, counted: execution.counted },
      operation,
      {
        random: this.random.next(),
        unknownOperationForMs: this.unknownForMs(operation.operationId, signal),
      },
    );
    return { end: toAttemptEnd(execution, judgement, durationMs), duplicate: judgement.duplicate };
  }

  private unknownForMs(operationId: number, signal: AttemptSignal): number {
    if (signal.kind !== 'reply') return 0;
    const { code } = (signal.reply ?? {}) as { code?: unknown };
    if (code !== UNKNOWN_OPERATION) {
      this.unknownSinceMs.delete(operationId);
      return 0;
    }
    const nowMs = this.clock.monotonicMs();
    const since = this.unknownSinceMs.get(operationId) ?? nowMs;
    this.unknownSinceMs.set(operationId, since);
    return nowMs - since;
  }
}

function inputOf(execution: HeldExecution) {
  const { messageId, source, type, key, occurredAt } = execution.held.event;
  return { messageId, source, type, key, payload: execution.held.payload(), occurredAt };
}

function toAttemptEnd(
  { held, operationId, attempt }: HeldExecution,
  { outcome, code, reason, output, after }: Judgement,
  durationMs: number | null,
): AttemptEnd {
  const { eventId, graphId, key } = held.event;
  return { eventId, operationId, attempt, graphId, key, outcome, code, reason, output, durationMs, after };
}
