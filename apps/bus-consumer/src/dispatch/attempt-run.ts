import { Injectable } from '@nestjs/common';
import { Clock, RandomSource } from '@bus/app-shell';
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
const NOTHING = () => undefined;

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

  /**
   * A callback and no promise: there are thousands of attempts a second, and most have neither filter nor mapping.
   * @param operation pinned settings of the event's own graph, live settings of now
   * @param ended told once, perhaps before this returns
   */
  run(execution: HeldExecution, operation: RunnableOperation, ended: (attempt: EndedAttempt) => void): void {
    const executionId = executionIdOf(execution.held.event, operation.name, execution.forcedRuns);
    if (operation.filter === null && operation.mapping === null)
      return this.send(execution, operation, executionId, null, ended);
    void this.beforeCall(execution, operation).then((before) => {
      if (!('kind' in before)) return this.send(execution, operation, executionId, before.mapped, ended);
      const judgement = this.judge(execution, operation, executionId, before);
      ended({ end: toAttemptEnd(execution, judgement, null), call: null, duplicate: false });
    });
  }

  /** The end of an attempt whose call never left. */
  giveBack(execution: HeldExecution, operation: RunnableOperation): AttemptEnd {
    return toAttemptEnd(execution, this.judge(execution, operation, '', { kind: 'given_back' }), null);
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

  /** The call, until its answer, its failure or its timeout: what comes first counts. */
  private send(
    execution: HeldExecution,
    operation: RunnableOperation,
    executionId: string,
    mapped: { value: unknown } | null,
    ended: (attempt: EndedAttempt) => void,
  ): void {
    const { held, attempt, inputs } = execution;
    const traceparent = held.childTraceparent();
    const call = new OutgoingCall(operation, executionId, attempt, held, { mapped, inputs, traceparent });
    const startedMs = this.clock.monotonicMs();
    let isOver = false;
    const over = (signal: AttemptSignal) => {
      if (isOver) return;
      isOver = true;
      deadline.cancel();
      const durationMs = Math.round(this.clock.monotonicMs() - startedMs);
      const answered = signal.kind === 'reply' || signal.kind === 'faulty';
      const judgement = this.judge(execution, operation, executionId, signal);
      const end = toAttemptEnd(execution, judgement, durationMs);
      ended({ end, call: { durationMs, answered }, duplicate: judgement.duplicate });
    };
    let abandon: () => void = NOTHING;
    const timedOut = () => {
      abandon();
      over({ kind: 'timeout' });
    };
    const deadline = this.wheel.add(operation.timeoutMs, timedOut, startedMs);
    try {
      abandon = this.caller.call(call, over);
    } catch (error) {
      const reason = `the call cannot be made: ${(error as Error).name}`;
      over({ kind: 'refused', code: 'not_callable', reason });
    }
  }

  private judge(
    execution: HeldExecution,
    operation: RunnableOperation,
    executionId: string,
    signal: AttemptSignal,
  ): Judgement {
    return judgeAttempt(
      signal,
      { executionId, operation: operation.name, attempt: execution.attempt, counted: execution.counted },
      operation,
      {
        random: this.random.next(),
        unknownOperationForMs: this.unknownForMs(operation.operationId, signal),
      },
    );
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
