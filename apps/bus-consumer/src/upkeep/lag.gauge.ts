import { Injectable } from '@nestjs/common';
import { BrokerSubscriber } from '@bus/broker';
import { ConsumerMetrics } from '../consumer-metrics';
import { InFlightWindow } from '../dispatch/in-flight-window';
import { Chores } from './chores';

const EVERY_MS = 30_000;

/** How far this replica's partitions are behind the log, and how full its memory is. */
@Injectable()
export class LagGauge {
  /** Records behind, over all partitions that are read here; `null`: not known. */
  total: bigint | null = null;

  constructor(
    private readonly subscriber: BrokerSubscriber,
    private readonly metrics: ConsumerMetrics,
    private readonly window: InFlightWindow,
    chores: Chores,
  ) {
    chores.add('broker lag', EVERY_MS, () => this.measure());
  }

  async measure(): Promise<void> {
    this.metrics.eventsHeld.set(this.window.size);
    this.total = null;
    const lags = await this.subscriber.lag();
    this.metrics.brokerLag.reset(); // partitions that went to another replica
    this.metrics.brokerUnread.reset();
    this.total = 0n;
    for (const { partition, lag, held } of lags) {
      this.metrics.brokerLag.set({ partition: String(partition) }, Number(lag));
      // On purpose, so no stall: an alarm of its own.
      if (held) this.metrics.brokerUnread.set({ partition: String(partition) }, lag > 0n ? 1 : 0);
      else this.total += lag;
    }
  }
}
