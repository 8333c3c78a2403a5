import { Injectable, Logger } from '@nestjs/common';
import type { AttemptOutcome, DeadCause } from '@bus/contracts';
import type { AttemptEnd } from '@bus/store';
import { ConsumerMetrics } from '../consumer-metrics';
import { ActiveGraphs } from '../graphs/active-graphs';
import type { EndedAttempt } from './attempt-run';
import type { HeldExecution } from './held-execution';

interface Ended {
  end: AttemptEnd;
  execution: HeldExecution | null;
}

/** Counts and logs how attempts ended: at debug, dead letters at warn. Never a payload, an output or a reason's text. */
@Injectable()
export class ExecutionRecord {
  private readonly logger = new Logger('Dispatch');
  private readonly endsByOperation = new Map<string, Map<AttemptOutcome, number>>();

  constructor(
    private readonly metrics: ConsumerMetrics,
    private readonly graphs: ActiveGraphs,
  ) {}

  nameOf(operationId: number): string {
    return this.graphs.operation(operationId)?.name ?? `operation-${operationId}`;
  }

  /** @param nowMs monotonic */
  started(execution: HeldExecution, operation: string, nowMs: number): void {
    this.countCall(operation, 1);
    if (execution.storedMs !== null && execution.attempt === 1)
      this.metrics.lagSeconds.observe((nowMs - execution.storedMs) / 1000);
  }

  called(operation: string, { call, duplicate }: Pick<EndedAttempt, 'call' | 'duplicate'>): void {
    this.countCall(operation, -1);
    if (call) this.metrics.callSeconds.observe({ operation }, call.durationMs / 1000);
    if (duplicate) this.metrics.duplicates.inc({ operation });
  }

  /** @param applied false: fenced off @param died it became a dead letter in this close */
  ended({ end, execution }: Ended, applied: boolean, died: boolean): void {
    const operation = this.nameOf(end.operationId);
    if (!applied) {
      this.metrics.fencedOff.inc();
      this.logger.warn(
        this.about(end, execution, operation),
        'a result came after another dispatcher had taken over; dropped',
      );
      return;
    }
    this.countEnd(operation, end.outcome);
    if (died) {
      const cause = causeOf(end);
      this.metrics.deadLetters.inc({ operation, cause });
      this.logger.warn({ ...this.about(end, execution, operation), cause }, 'dead letter');
      return;
    }
    if (end.after.kind === 'again') this.metrics.retries.inc({ operation });
    if (Logger.isLevelEnabled('debug'))
      this.logger.debug(this.about(end, execution, operation), 'attempt ended');
  }

  /** What `ended` has counted goes to the metrics: once a close, not once an attempt, for its labels are looked up. */
  tell(): void {
    for (const [operation, outcomes] of this.endsByOperation)
      for (const [outcome, ends] of outcomes) this.metrics.attempts.inc({ operation, outcome }, ends);
    this.endsByOperation.clear();
  }

  closeFailed(ends: number, error: unknown): void {
    this.metrics.storeFailures.inc({ stage: 'close' });
    this.logger.warn({ err: error, ends }, 'results could not be written; kept, and tried again');
  }

  letGo({ end, execution }: Ended): void {
    this.logger.error(
      this.about(end, execution, this.nameOf(end.operationId)),
      'the database refuses this result; its lease will end as unknown',
    );
  }

  private countCall(operation: string, change: 1 | -1): void {
    const { callsUnderWay } = this.metrics;
    callsUnderWay.set(operation, (callsUnderWay.get(operation) ?? 0) + change);
  }

  private countEnd(operation: string, outcome: AttemptOutcome): void {
    let outcomes = this.endsByOperation.get(operation);
    if (!outcomes) this.endsByOperation.set(operation, (outcomes = new Map()));
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }

  private about(end: AttemptEnd, execution: HeldExecution | null, operation: string) {
    return {
      operation,
      eventId: end.eventId,
      messageId: execution?.held.event.messageId,
      attempt: end.attempt,
      outcome: end.outcome,
      code: end.code ?? undefined,
      durationMs: end.durationMs ?? undefined,
    };
  }
}

/** The store moves what is too old from `again` to dead. */
function causeOf(end: AttemptEnd): DeadCause {
  return end.after.kind === 'dead' ? end.after.cause : 'too_old';
}
