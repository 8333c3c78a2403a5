import { Injectable, Logger } from '@nestjs/common';
import { BrokerSubscriber } from '@bus/broker';
import { InFlightWindow } from '../dispatch/in-flight-window';
import { backoffMs, pause, Timers } from '../timers';
import { Chores } from '../upkeep/chores';
import { EventIntake } from './event-intake';
import { InboxRecord } from './inbox-record';

/** How soon records are read again that a store has forgotten: a failover to an older state. */
const RECHECK_EVERY_MS = 10_000;

/** Reads the log into the inbox, from start to stop; rests while the memory is full. */
@Injectable()
export class LogReading {
  private readonly logger = new Logger(LogReading.name);
  private isStopped = false;

  constructor(
    private readonly subscriber: BrokerSubscriber,
    private readonly intake: EventIntake,
    private readonly record: InboxRecord,
    private readonly window: InFlightWindow,
    private readonly timers: Timers,
    chores: Chores,
  ) {
    chores.add('stored positions', RECHECK_EVERY_MS, () => this.subscriber.recheck());
  }

  /** Resolves once the first assignment is known (or it was stopped): a broker that is away is waited for. */
  async start(): Promise<void> {
    this.window.watch({ full: () => this.rest(true), room: () => this.rest(false) });
    for (let tries = 1; !this.isStopped; tries++) {
      try {
        await this.subscriber.start(this.intake);
        return;
      } catch (error) {
        if (tries === 1) this.logger.error({ err: error }, 'the log cannot be read yet; trying again');
        await pause(this.timers, backoffMs(tries, 1));
      }
    }
  }

  /** Waits for the batch under way. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.subscriber.stop();
  }

  private rest(on: boolean): void {
    this.record.isPaused = on;
    if (on) this.subscriber.pause();
    else this.subscriber.resume();
  }
}
