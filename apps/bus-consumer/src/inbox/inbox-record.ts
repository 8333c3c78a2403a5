import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '@bus/app-shell';
import type { StoredBatch } from '@bus/store';
import { ConsumerMetrics } from '../consumer-metrics';
import { DueHints } from '../dispatch/due-hints';
import type { InFlightWindow } from '../dispatch/in-flight-window';
import { Timers } from '../timers';
import type { BatchPlan } from './batch-planner';
import type { DecodedBatch } from './decode-batch';

/** A broker's client must hear from its handler within 200 ms: what finds no room by then goes to `due`. */
const ROOM_WAIT_MS = 150;

/** Counts and logs what came in, and tells the due scheduler what it stored for later. */
@Injectable()
export class InboxRecord {
  /** Monotonic time of the last batch that the broker handed over. */
  lastBatchMs = -Infinity;
  /** Reading rests: memory is full. */
  isPaused = false;
  /** A partition has stopped: its position is outside the log. */
  hasGap = false;
  private readonly logger = new Logger('Inbox');
  private isFailing = false;

  constructor(
    private readonly metrics: ConsumerMetrics,
    private readonly hints: DueHints,
    private readonly clock: Clock,
    private readonly timers: Timers,
  ) {}

  received(): void {
    this.lastBatchMs = this.clock.monotonicMs();
  }

  reserveRoom(window: InFlightWindow, events: number): Promise<number> {
    return window.reserve(events, ROOM_WAIT_MS, this.timers);
  }

  planned(plan: BatchPlan): void {
    for (const operationId of plan.surplus) this.hints.due(operationId);
    let soonestMs = Infinity;
    const nowMs = this.clock.now().getTime();
    for (const { executions } of plan.events)
      for (const { start } of executions)
        if (start.kind === 'later') {
          const aheadMs = start.at === null ? 0 : Math.max(0, Date.parse(start.at) - nowMs);
          soonestMs = Math.min(soonestMs, aheadMs + start.plusMs);
        }
    if (soonestMs < Infinity) this.hints.dueIn(soonestMs);
  }

  stored(
    decoded: Pick<DecodedBatch, 'quarantined' | 'twins'>,
    outcome: StoredBatch,
    durationMs: number,
  ): void {
    if (this.isFailing) this.logger.log('records are stored again');
    this.isFailing = false;
    const conflicts = outcome.quarantined - decoded.quarantined.length;
    this.metrics.ingestSeconds.observe(durationMs / 1000);
    this.metrics.ingested.inc({ outcome: 'fresh' }, outcome.fresh);
    this.metrics.ingested.inc({ outcome: 'repeated' }, outcome.repeated + decoded.twins);
    this.metrics.ingested.inc({ outcome: 'quarantined' }, outcome.quarantined);
    for (const { record, fault, detail } of decoded.quarantined) {
      this.metrics.quarantined.inc({ fault });
      const { partition, offset } = record;
      this.logger.warn({ partition, offset: String(offset), fault, detail }, 'record put into quarantine');
    }
    if (conflicts > 0) {
      this.metrics.quarantined.inc({ fault: 'identity_conflict' }, conflicts);
      this.logger.warn({ records: conflicts }, 'records with the id of another event put into quarantine');
    }
  }

  failed(error: unknown): void {
    this.metrics.storeFailures.inc({ stage: 'ingest' });
    if (!this.isFailing)
      this.logger.warn({ err: error }, 'records cannot be stored; the broker brings them again');
    this.isFailing = true;
  }

  gap(logId: string, partition: number, gap: { position: bigint; logStart: bigint; logEnd: bigint }): void {
    this.hasGap = true;
    this.metrics.brokerGap.set({ partition: String(partition) }, 1);
    this.logger.error(
      {
        logId,
        partition,
        position: String(gap.position),
        logStart: String(gap.logStart),
        logEnd: String(gap.logEnd),
      },
      'the stored position is outside the log: the partition has stopped, and is never reset by itself',
    );
  }
}
