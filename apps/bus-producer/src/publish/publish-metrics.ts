import { DURATION_BUCKETS, MetricsRegistry } from '@bus/app-shell';
import type { BusError } from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';

/** The door that an event came through. */
export type PublishEntry = 'http' | 'rpc' | 'local';

/** What bus-producer counts about publishing. */
@Injectable()
export class PublishMetrics {
  private readonly events: Counter<'outcome' | 'entry'>;
  private readonly refused: Counter<'code' | 'entry'>;
  private readonly overdue: Counter;
  private readonly seconds: Histogram<'entry'>;
  private readonly accepted = new Map<PublishEntry, { inc(by?: number): void }>();
  private readonly durations = new Map<PublishEntry, { observe(seconds: number): void }>();

  constructor(registry: MetricsRegistry) {
    const registers = [registry];
    this.events = new Counter({
      name: 'bus_publish_total',
      help: 'Events by outcome: accepted, refused, not_accepted, unknown',
      labelNames: ['outcome', 'entry'],
      registers,
    });
    this.refused = new Counter({
      name: 'bus_publish_refused_total',
      help: 'Events that were not accepted, by error code',
      labelNames: ['code', 'entry'],
      registers,
    });
    this.overdue = new Counter({
      name: 'bus_publish_overdue_total',
      help: 'Events whose deliverAt was past when they were published',
      registers,
    });
    this.seconds = new Histogram({
      name: 'bus_publish_duration_seconds',
      help: 'Time from a publish, single or batch, to its answer',
      labelNames: ['entry'],
      buckets: DURATION_BUCKETS,
      registers,
    });
  }

  countAccepted(entry: PublishEntry, isOverdue: boolean): void {
    let counter = this.accepted.get(entry);
    if (!counter) this.accepted.set(entry, (counter = this.events.labels({ outcome: 'accepted', entry })));
    counter.inc();
    if (isOverdue) this.overdue.inc();
  }

  countFailed(entry: PublishEntry, error: BusError): void {
    const outcome = error.code === 'unavailable' ? error.outcome : 'refused';
    this.events.inc({ outcome, entry });
    this.refused.inc({ code: error.code, entry });
  }

  took(entry: PublishEntry, ms: number): void {
    let histogram = this.durations.get(entry);
    if (!histogram) this.durations.set(entry, (histogram = this.seconds.labels({ entry })));
    histogram.observe(ms / 1000);
  }
}
