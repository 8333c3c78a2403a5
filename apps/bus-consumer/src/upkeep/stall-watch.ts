import { Injectable, Logger } from '@nestjs/common';
import { Clock, HealthCheck, HealthChecks } from '@bus/app-shell';
import { DueScheduler } from '../dispatch/due.scheduler';
import { InboxRecord } from '../inbox/inbox-record';
import { Chores } from './chores';
import { LagGauge } from './lag.gauge';

/** The store is asked every second; silent for so long, this replica does no work. */
const STORE_SILENT_MS = 10_000;
/** Behind the log and no batch for so long: the broker's client is dead though it looks alive. */
const STALLED_MS = 60_000;
const LOOK_EVERY_MS = 5000;

/** Readiness is progress: connected and idle is ready, behind the log and silent is not, and ends the process. */
@Injectable()
export class StallWatch extends HealthCheck {
  readonly name = 'progress';
  /** Ends the process, to be started anew; replaced in tests. */
  exit: () => void = () => process.exit(1);
  private readonly logger = new Logger(StallWatch.name);
  private isReading = false;
  private behindSinceMs: number | null = null;

  constructor(
    private readonly due: DueScheduler,
    private readonly record: InboxRecord,
    private readonly lag: LagGauge,
    private readonly clock: Clock,
    checks: HealthChecks,
  ) {
    super();
    checks.register(this);
  }

  /** The subscriber has its first assignment. */
  reading(chores: Chores): void {
    this.isReading = true;
    chores.add('stall watch', LOOK_EVERY_MS, () => this.look());
  }

  override async check(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    const { lastPulseMs } = this.due;
    if (lastPulseMs === null || nowMs - lastPulseMs > STORE_SILENT_MS)
      throw new Error('Postgres does not answer, or bus-migrate has not run');
    if (!this.isReading) throw new Error('the broker has assigned no partitions yet');
    if (this.stalledForMs(nowMs) > STALLED_MS / 2) throw new Error('behind the log, and nothing is read');
  }

  private async look(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    const isBehind = this.lag.total !== null && this.lag.total > 0n;
    if (!isBehind || this.record.hasGap) this.behindSinceMs = null;
    else this.behindSinceMs ??= nowMs;
    if (this.stalledForMs(nowMs) <= STALLED_MS) return;
    this.logger.fatal(
      { lag: String(this.lag.total) },
      'behind the log, and nothing was read for a minute; exits',
    );
    this.exit();
  }

  /** A window that is full is work, not a stall: leases end and give it room. */
  private stalledForMs(nowMs: number): number {
    if (this.behindSinceMs === null || this.record.isPaused) return 0;
    return nowMs - Math.max(this.behindSinceMs, this.record.lastBatchMs);
  }
}
