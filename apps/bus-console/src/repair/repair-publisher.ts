import { DrainState } from '@bus/app-shell';
import type { BrokerPublisher, OutgoingRecord } from '@bus/broker';
import { BusError, type Fault } from '@bus/contracts';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';

/** Makes the publisher: each one is started once, and one that was refused by its log is thrown away. */
export const PUBLISHER_FACTORY = Symbol('PUBLISHER_FACTORY');

/** Where a record stands now. */
export interface PublishedAt {
  partition: number;
  /** A bigint as text. */
  offset: string;
}

/** The record was not surely published. */
export class RepairNotConfirmedError extends BusError {
  constructor(outcome: 'not_accepted' | 'unknown', cause: unknown, faults: readonly Fault[]) {
    super({
      code: 'unavailable',
      outcome,
      message:
        outcome === 'unknown'
          ? 'the broker did not confirm in time and may hold the record; ask again, a repeat is found by its identity'
          : `nothing was published; ask again once the broker is well${cause instanceof BusError ? `: ${cause.message}` : ''}`,
      faults,
      cause,
    });
  }
}

/**
 * The console's own publisher. It connects at the first repair: without the broker the console shows and does all else,
 * and a log that was refused is looked at anew at the next repair.
 */
@Injectable()
export class RepairPublisher implements OnApplicationShutdown {
  private started: Promise<BrokerPublisher> | undefined;

  constructor(
    @Inject(PUBLISHER_FACTORY) private readonly make: () => BrokerPublisher,
    drain: DrainState,
  ) {
    drain.onDrain('repair publisher', () => this.onApplicationShutdown());
  }

  /**
   * Answered once the broker has the record durably.
   * @param faults told where that is not sure
   * @throws RepairNotConfirmedError; BusError `too_large` where the broker takes no record of this size
   */
  async publish(record: OutgoingRecord, faults: readonly Fault[] = []): Promise<PublishedAt> {
    const publisher = await this.start().catch((cause: unknown) => {
      throw new RepairNotConfirmedError('not_accepted', cause, faults);
    });
    const [result] = await publisher.publish([record]);
    switch (result.outcome) {
      case 'accepted':
        return { partition: result.partition, offset: String(result.offset) };
      case 'refused':
        throw new BusError({
          code: 'too_large',
          message: 'the broker takes no record of this size; nothing was published',
          cause: result.cause,
        });
      default:
        throw new RepairNotConfirmedError(result.outcome, result.cause, faults);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    const publisher = this.started;
    this.started = undefined;
    if (publisher) await (await publisher).stop();
  }

  private start(): Promise<BrokerPublisher> {
    return (this.started ??= this.open());
  }

  private async open(): Promise<BrokerPublisher> {
    const publisher = this.make();
    try {
      await publisher.start();
      return publisher;
    } catch (error) {
      this.started = undefined;
      await publisher.stop();
      throw error;
    }
  }
}
