import { Inject, Injectable, Logger } from '@nestjs/common';
import { MetricsRegistry } from '@bus/app-shell';
import { Retention } from '@bus/store';
import { Counter, Gauge } from 'prom-client';
import { Chores } from './chores';

const EVERY_MS = 10 * 60_000;
/** Partitions and pages of one run: the rest is for the next one, or another replica. */
const MOST_STEPS = 50;
/** A thousand identities each, looked at twice in their lives: a replica keeps pace with 4,000 events/s. */
const MOST_SWEEPS = 5_000;

/** Token: days that events and their attempts are kept. */
export const RETENTION_DAYS = Symbol('RETENTION_DAYS');

/**
 * Lets history go: days of events and attempts, moved events that have ended since, and identities 90 days after the end
 * of their event. Each step is a transaction of its own; all replicas may do it, the store lets one at a time.
 */
@Injectable()
export class RetentionScheduler {
  private readonly logger = new Logger(RetentionScheduler.name);
  private readonly dropped: Counter<'table'>;
  private readonly kept: Gauge;
  private readonly deleted: Counter<'table'>;

  constructor(
    private readonly retention: Retention,
    chores: Chores,
    registry: MetricsRegistry,
    @Inject(RETENTION_DAYS) private readonly days: number,
  ) {
    const registers = [registry];
    this.dropped = new Counter({
      name: 'bus_retention_partitions_total',
      help: 'Days that were dropped, by table',
      labelNames: ['table'],
      registers,
    });
    this.kept = new Gauge({
      name: 'bus_retention_days_kept',
      help: 'Days past their retention that stay because too many executions of them are open',
      registers,
    });
    this.deleted = new Counter({
      name: 'bus_retention_rows_total',
      help: 'Moved events that have ended, and identities, that were deleted',
      labelNames: ['table'],
      registers,
    });
    chores.add('days past their retention', EVERY_MS, () => this.retire());
    chores.add('moved events', EVERY_MS, () => this.prune());
    chores.add('identities', EVERY_MS, () => this.sweep());
  }

  /** Oldest first; a day that has to stay is passed over. */
  async retire(): Promise<void> {
    const kept = new Set<string>();
    let after: string | null = null;
    for (let step = 0; step < MOST_STEPS; step++) {
      const outcome = await this.retention.retireOldest(this.days, after);
      if (outcome.outcome === 'busy') return; // the next run goes on
      if (outcome.outcome === 'none') break;
      const { table, day } = outcome;
      if (outcome.outcome === 'kept') {
        kept.add(day);
        after = day;
        this.logger.warn(
          { table, day },
          'a day stays past its retention: too many of its executions are open',
        );
      } else {
        this.dropped.inc({ table });
        this.logger.log({ table, day, moved: outcome.moved }, 'a day past its retention was dropped');
      }
    }
    this.kept.set(kept.size);
  }

  async prune(): Promise<void> {
    let after: string | null = null;
    let deleted = 0;
    do {
      const page: { deleted: number; next: string | null } = await this.retention.pruneMoved(
        this.days,
        after,
      );
      deleted += page.deleted;
      after = page.next;
    } while (after !== null);
    this.count('event', deleted);
  }

  async sweep(): Promise<void> {
    let deleted = 0;
    for (let step = 0; step < MOST_SWEEPS; step++) {
      const swept = await this.retention.sweepIdentities();
      deleted += swept.deleted;
      if (swept.deleted + swept.movedOn === 0) break;
    }
    this.count('event_identity', deleted);
  }

  private count(table: string, rows: number): void {
    if (rows === 0) return;
    this.deleted.inc({ table }, rows);
    this.logger.log({ table, rows }, 'old rows were deleted');
  }
}
