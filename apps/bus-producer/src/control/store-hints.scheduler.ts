import { Clock, MetricsRegistry } from '@bus/app-shell';
import { EventControlStore } from '@bus/store';
import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Gauge } from 'prom-client';
import { StoreHints } from '../publish/store-hints';

/** A new type is known within 2 s of its activation. */
const EVERY_MS = 1_000;
/** An answer that took longer says too little about the clocks; the first one is better than none. */
const CLOCK_ANSWER_MS = 250;
const ALARMING_OFFSET_MS = 500;

/** Fills StoreHints from the store in the background; while the store is away the last ones stay. */
@Injectable()
export class StoreHintsScheduler {
  private readonly logger = new Logger(StoreHintsScheduler.name);
  private readonly offset: Gauge;
  private running: Promise<void> | undefined;
  private isReached = true;
  private isAlarmed = false;
  private isClockKnown = false;

  constructor(
    private readonly store: EventControlStore,
    private readonly hints: StoreHints,
    private readonly clock: Clock,
    registry: MetricsRegistry,
  ) {
    this.offset = new Gauge({
      name: 'bus_database_clock_offset_seconds',
      help: 'Database clock minus the clock of this process; delays are counted by the database clock',
      registers: [registry],
    });
  }

  /** One look at a time: a store that hangs is not asked again meanwhile. Never rejects. */
  @Interval(EVERY_MS)
  refresh(): Promise<void> {
    this.running ??= this.look().finally(() => (this.running = undefined));
    return this.running;
  }

  private async look(): Promise<void> {
    const startMs = this.clock.monotonicMs();
    try {
      const values = await this.store.hints();
      this.hints.knownTypes = new Set(values.knownTypes);
      this.hints.orderedTypes = new Set(values.orderedTypes);
      const nowMs = this.clock.now().getTime();
      this.noteClock(values.databaseNowMs, nowMs, this.clock.monotonicMs() - startMs);
      this.reached(true);
    } catch (error) {
      this.reached(false, error);
    }
  }

  /** Taken as if the database had read its clock at once: a delay may then end late by the answer's time, never early. */
  private noteClock(databaseNowMs: number, nowMs: number, answerMs: number): void {
    if (answerMs > CLOCK_ANSWER_MS && this.isClockKnown) return;
    this.isClockKnown = true;
    const offsetMs = databaseNowMs - (nowMs - answerMs);
    this.hints.databaseOffsetMs = offsetMs;
    this.offset.set(offsetMs / 1000);
    const isAlarming = Math.abs(offsetMs) > ALARMING_OFFSET_MS;
    if (isAlarming && !this.isAlarmed)
      this.logger.warn(
        { offsetMs },
        'the clock of this machine is not that of the database; set both by NTP',
      );
    this.isAlarmed = isAlarming;
  }

  private reached(isReached: boolean, error?: unknown): void {
    if (isReached !== this.isReached) {
      if (isReached) this.logger.log('the store answers again');
      else this.logger.warn({ err: error }, 'the store is away: cancel, reschedule and status wait for it');
    }
    this.isReached = isReached;
  }
}
