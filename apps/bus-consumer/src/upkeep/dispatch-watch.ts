import { Injectable, Logger } from '@nestjs/common';
import { Clock, HealthCheck, HealthChecks } from '@bus/app-shell';
import { DueScheduler } from '../dispatch/due.scheduler';
import { ExecutionsInHand } from '../dispatch/executions-in-hand';
import { Chores } from './chores';

/** Twice the longest call: executions in memory that do not end for so long, or rows that nobody claims, are stuck. */
const STUCK_MS = 60_000;
const LOOK_EVERY_MS = 5000;
/** The store is asked every second; silent for so long, it is away, and nothing here can be blamed. */
const STORE_SILENT_MS = 10_000;

/**
 * Readiness of dispatch is progress too: with executions in memory one has to end, and with due rows and free slots a
 * claim has to be made, within a minute. Else not ready, then the end of the process, whose leases others take over.
 * A store that is away, an open breaker and a rate are reasons to wait, not faults.
 */
@Injectable()
export class DispatchWatch extends HealthCheck {
  readonly name = 'dispatch';
  /** Ends the process, to be started anew; replaced in tests. */
  exit: () => void = () => process.exit(1);
  private readonly logger = new Logger(DispatchWatch.name);
  private holdsSinceMs: number | null = null;
  private dueSinceMs: number | null = null;
  private lookedMs = -Infinity;
  private resumedMs = -Infinity;

  constructor(
    private readonly due: DueScheduler,
    private readonly inHand: ExecutionsInHand,
    private readonly clock: Clock,
    checks: HealthChecks,
    chores: Chores,
  ) {
    super();
    checks.register(this);
    chores.add('dispatch watch', LOOK_EVERY_MS, () => this.look());
  }

  override async check(): Promise<void> {
    const stuck = this.stuck(this.clock.monotonicMs());
    if (stuck && stuck.forMs > STUCK_MS / 2) throw new Error(stuck.what);
  }

  private async look(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    // The process, or its machine, stood still: what has happened meanwhile is nobody's fault.
    if (nowMs - this.lookedMs > 3 * LOOK_EVERY_MS) this.resumedMs = nowMs;
    this.lookedMs = nowMs;
    const isAway = this.isStoreAway(nowMs);
    this.holdsSinceMs = isAway || this.inHand.size === 0 ? null : (this.holdsSinceMs ?? nowMs);
    this.dueSinceMs = isAway || !this.due.isClaimable ? null : (this.dueSinceMs ?? nowMs);
    const stuck = this.stuck(nowMs);
    if (!stuck || stuck.forMs <= STUCK_MS) return;
    this.logger.fatal({ inHand: this.inHand.size, stuckForMs: stuck.forMs }, `${stuck.what}; exits`);
    this.exit();
  }

  private stuck(nowMs: number): { what: string; forMs: number } | null {
    const since = (begunMs: number | null, progressMs: number) =>
      begunMs === null ? 0 : nowMs - Math.max(begunMs, progressMs, this.resumedMs);
    const all = [
      // Every statement has a limit of seconds: a round as old as this waits for nothing, wherever the store is.
      { what: 'a claim does not end', forMs: since(this.due.roundSinceMs, -Infinity) },
      {
        what: 'executions are in memory and none ends',
        forMs: since(this.holdsSinceMs, this.inHand.lastEndMs),
      },
      {
        what: 'executions are due, slots are free, and none is claimed',
        forMs: since(this.dueSinceMs, this.due.lastClaimMs),
      },
    ];
    const longest = all.reduce((one, other) => (other.forMs > one.forMs ? other : one));
    return longest.forMs > 0 ? longest : null;
  }

  private isStoreAway(nowMs: number): boolean {
    return this.due.lastPulseMs === null || nowMs - this.due.lastPulseMs > STORE_SILENT_MS;
  }
}
