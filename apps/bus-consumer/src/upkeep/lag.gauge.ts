import { Injectable } from '@nestjs/common';
import { BrokerSubscriber } from '@bus/broker';
import { ConsumerMetrics } from '../consumer-metrics';
import { InFlightWindow } from '../dispatch/in-flight-window';
import { Chores } from './chores';

const EVERY_MS = 30_000;

/** How far this replica's partitions are behind the log, and how full its memory is. */
@Injectable()
export class LagGauge {
  /** Records behind, over all partitions here; `null`: not known. */
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
    for (const { partition, lag } of lags)
      this.metrics.brokerLag.set({ partition: String(partition) }, Number(lag));
    this.total = lags.reduce((sum, { lag }) => sum + lag, 0n);
  }
}
