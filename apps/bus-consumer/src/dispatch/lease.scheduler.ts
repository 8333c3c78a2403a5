import { Injectable, Logger } from '@nestjs/common';
import { ExecutionLedger } from '@bus/store';
import { ConsumerMetrics } from '../consumer-metrics';
import { AttemptRun } from './attempt-run';
import { LedgerSession } from './ledger-session';
import { SettleBatch } from './settle-batch';

/** Attempts looked at together; the close takes no more. */
const MOST_EXPIRED = 500;

/**
 * Closes attempts past their lease as `unknown`, whoever held them: read without a lock, the guarded close decides.
 * What is in this process's own hands is left to its own end, and results in hand are written first.
 */
@Injectable()
export class LeaseScheduler {
  private readonly logger = new Logger(LeaseScheduler.name);
  private sweeping: Promise<void> | null = null;
  private isStopped = false;

  constructor(
    private readonly ledger: ExecutionLedger,
    private readonly session: LedgerSession,
    private readonly settle: SettleBatch,
    private readonly attempts: AttemptRun,
    private readonly metrics: ConsumerMetrics,
  ) {}

  /** Until none is left. Does nothing while a sweep is under way, or results wait for a store that is away. */
  sweep(): Promise<void> {
    if (this.isStopped || this.settle.isFailing) return Promise.resolve();
    this.sweeping ??= this.sweepAll().finally(() => (this.sweeping = null));
    return this.sweeping;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.sweeping;
  }

  private async sweepAll(): Promise<void> {
    const { graphs, inHand } = this.session;
    try {
      for (let found = MOST_EXPIRED; found === MOST_EXPIRED && !this.isStopped;) {
        const rows = await this.ledger.expired(MOST_EXPIRED);
        found = rows.length;
        const foreign = rows.filter((row) => !inHand.has(row.eventId, row.operationId, row.attempt));
        if (foreign.length === 0) return;
        await graphs.load(new Set(foreign.map((row) => row.graphId)));
        const ends = foreign.flatMap((row) => {
          const operation = graphs.graph(row.graphId).byId.get(row.operationId);
          return operation ? [this.attempts.expire(row, operation)] : [];
        });
        await this.settle.addForeign(ends);
        this.metrics.expiredLeases.inc(ends.length);
        this.logger.warn({ attempts: ends.length }, 'attempts past their lease were closed as unknown');
      }
    } catch (error) {
      this.metrics.storeFailures.inc({ stage: 'sweep' });
      this.logger.warn({ err: error }, 'leases cannot be swept; the next pulse tries again');
    }
  }
}
