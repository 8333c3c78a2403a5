import { Injectable, Logger } from '@nestjs/common';
import { ExecutionLedger, type ClaimOutcome, type ClaimRoom } from '@bus/store';
import { ConsumerMetrics } from '../consumer-metrics';
import { backoffMs, Timers } from '../timers';
import { ClaimPace } from './claim-pace';
import { Dispatcher } from './dispatcher';
import { LedgerSession } from './ledger-session';

/** An idle replica asks so often: with the broker's beat and the gauges it stays below two queries a second. */
const PULSE_MS = 1250;
/** Not more often than this, however near the next due time is: a delayed execution is so late at most. */
const LEAST_PULSE_MS = 50;
/** How often free slots are looked at while more is known to be due; costs no statement. */
const LOOK_MS = 50;
/** Leases are looked at in a twentieth of the time at most: under an old snapshot dead rows make that look slow. */
const LEASE_LOOK_SHARE = 20;

/**
 * Claims what is due: when the pulse says so, at the next due time, after surplus, and when slots are freed while more
 * is known to be due. One claim at a time over all operations with room, so that claims grow with the load.
 */
@Injectable()
export class DueScheduler {
  /** Monotonic time of the last pulse that was answered; `null`: none yet. */
  lastPulseMs: number | null = null;
  /** Monotonic time of the last claim that was answered, whatever it got. */
  lastClaimMs = -Infinity;
  /** Monotonic time at which the pulse or claim under way began; `null`: none is. */
  roundSinceMs: number | null = null;
  private readonly logger = new Logger(DueScheduler.name);
  private readonly pace: ClaimPace;
  private readonly hinted = new Set<number>();
  private onLeaseEnded: () => void = () => undefined;
  private nextPulseMs = -Infinity;
  private nextLeaseLookMs = -Infinity;
  private isStopped = true;
  private round: Promise<void> | null = null;
  private wakesAtMs = Infinity;
  private cancelTimer: () => void = () => undefined;
  private failures = 0;

  constructor(
    private readonly ledger: ExecutionLedger,
    private readonly session: LedgerSession,
    private readonly dispatcher: Dispatcher,
    private readonly timers: Timers,
    private readonly metrics: ConsumerMetrics,
  ) {
    this.pace = new ClaimPace(session.inHand, session.graphs, session.clock);
  }

  /** Due rows are known that a claim would take now. */
  get isClaimable(): boolean {
    return this.pace.isClaimable;
  }

  /** @param onLeaseEnded called when the pulse has seen a lease that is over */
  start(onLeaseEnded: () => void): void {
    this.onLeaseEnded = onLeaseEnded;
    this.session.hints.listen(this);
    this.isStopped = false;
    this.wake(0);
  }

  /** No claim and no pulse from here on; resolves once the one under way has ended. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.cancelTimer();
    await this.round;
  }

  /** The operation has a row that is due now. */
  due(operationId: number): void {
    this.hinted.add(operationId);
    this.pace.expect(operationId);
    this.wake(0);
  }

  /** Some row is due `ms` from now. */
  dueIn(ms: number): void {
    if (ms >= PULSE_MS) return;
    const nowMs = this.session.clock.monotonicMs();
    const earliestMs = (this.lastPulseMs ?? nowMs) + LEAST_PULSE_MS;
    this.nextPulseMs = Math.min(this.nextPulseMs, Math.max(nowMs + ms, earliestMs));
    this.wake(this.nextPulseMs - nowMs);
  }

  /** Slots or room in the window were freed. */
  freed(): void {
    if (this.pace.isExpecting) this.wake(0);
  }

  private wake(inMs: number): void {
    if (this.isStopped || this.round) return;
    const atMs = this.session.clock.monotonicMs() + inMs;
    if (atMs >= this.wakesAtMs) return;
    this.cancelTimer();
    this.wakesAtMs = atMs;
    this.cancelTimer = this.timers.after(Math.max(0, inMs), () => {
      this.wakesAtMs = Infinity;
      this.roundSinceMs = this.session.clock.monotonicMs();
      this.round = this.runRound().finally(() => {
        this.round = null;
        this.roundSinceMs = null;
        this.wakeLater();
      });
    });
  }

  private wakeLater(): void {
    if (this.failures > 0) return this.wake(backoffMs(this.failures, 1));
    const pulseInMs = Math.max(0, this.nextPulseMs - this.session.clock.monotonicMs());
    this.wake(this.pace.isExpecting ? Math.min(LOOK_MS, pulseInMs) : pulseInMs);
  }

  private async runRound(): Promise<void> {
    try {
      if (this.session.clock.monotonicMs() >= this.nextPulseMs) await this.pulse();
      await this.claim();
      this.failures = 0;
    } catch (error) {
      this.failures++;
      this.metrics.storeFailures.inc({ stage: 'claim' });
      if (this.failures === 1)
        this.logger.warn({ err: error }, 'due executions cannot be claimed; trying again');
    }
  }

  private async pulse(): Promise<void> {
    const askedMs = this.session.clock.monotonicMs();
    this.nextPulseMs = askedMs + PULSE_MS;
    this.hinted.clear();
    const leases = askedMs >= this.nextLeaseLookMs;
    const pulse = await this.ledger.pulse({ lowWater: this.pace.lowWater, leases });
    const tookMs = this.session.clock.monotonicMs() - askedMs;
    if (leases) this.nextLeaseLookMs = askedMs + LEASE_LOOK_SHARE * tookMs;
    await this.session.graphs.refresh(pulse.revision);
    this.pace.see(pulse, this.hinted);
    this.lastPulseMs = askedMs;
    if (pulse.nextDueInMs !== null && pulse.nextDueInMs < PULSE_MS)
      this.nextPulseMs = Math.min(
        this.nextPulseMs,
        askedMs + Math.max(LEAST_PULSE_MS, pulse.nextDueInMs + 1),
      );
    if (pulse.leaseEnded) this.onLeaseEnded();
  }

  private async claim(): Promise<void> {
    const rooms = this.pace.reserve();
    if (rooms.length === 0 || this.isStopped) return this.pace.failed(rooms);
    try {
      await this.session.run(
        (context) => this.ledger.claim(rooms, context),
        (outcome, startedMs) => this.claimed(rooms, outcome, startedMs),
      );
    } catch (error) {
      this.pace.failed(rooms);
      throw error;
    }
  }

  private claimed(rooms: readonly ClaimRoom[], outcome: ClaimOutcome, startedMs: number): void {
    const leaseMs = new Map(rooms.map((room) => [room.operationId, room.leaseMs]));
    this.pace.claimed(rooms, outcome);
    this.lastClaimMs = this.session.clock.monotonicMs();
    this.metrics.claimed.inc(outcome.executions.length);
    this.dispatcher.accept(outcome, { startedMs, leaseMs: (operationId) => leaseMs.get(operationId) ?? 0 });
  }
}
