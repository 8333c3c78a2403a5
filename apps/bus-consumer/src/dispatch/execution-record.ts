import { Injectable, Logger } from '@nestjs/common';
import type { DeadCause } from '@bus/contracts';
import { Clock } from '@bus/app-shell';
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

  constructor(
    private readonly metrics: ConsumerMetrics,
    private readonly graphs: ActiveGraphs,
    private readonly clock: Clock,
  ) {}

  nameOf(operationId: number): string {
    return this.graphs.operation(operationId)?.name ?? `operation-${operationId}`;
  }

  started(execution: HeldExecution, operation: string): void {
    this.metrics.inFlight.inc({ operation });
    if (execution.storedMs !== null && execution.attempt === 1)
      this.metrics.lagSeconds.observe((this.clock.monotonicMs() - execution.storedMs) / 1000);
  }

  called(operation: string, { call, duplicate }: Pick<EndedAttempt, 'call' | 'duplicate'>): void {
    this.metrics.inFlight.dec({ operation });
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
    this.metrics.attempts.inc({ operation, outcome: end.outcome });
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
