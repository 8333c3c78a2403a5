import { Injectable } from '@nestjs/common';
import { DURATION_BUCKETS, MetricsRegistry } from '@bus/app-shell';
import { Counter, Gauge, Histogram } from 'prom-client';

/** Everything that bus-consumer counts. Labels hold no ids; operations and partitions are few. */
@Injectable()
export class ConsumerMetrics {
  /** Records by what became of them: `fresh`, `repeated`, `quarantined`. */
  readonly ingested: Counter<'outcome'>;
  readonly ingestSeconds: Histogram;
  readonly quarantined: Counter<'fault'>;
  readonly attempts: Counter<'operation' | 'outcome'>;
  readonly duplicates: Counter<'operation'>;
  readonly callSeconds: Histogram<'operation'>;
  readonly inFlight: Gauge<'operation'>;
  /** What `inFlight` shows, by operation: counted here, and given to the gauge when it is asked for. */
  readonly callsUnderWay = new Map<string, number>();
  /** Event stored → its first attempt started, where no wait was asked for. */
  readonly lagSeconds: Histogram;
  readonly retries: Counter<'operation'>;
  readonly deadLetters: Counter<'operation' | 'cause'>;
  readonly fencedOff: Counter;
  readonly expiredLeases: Counter;
  readonly claimed: Counter;
  readonly eventsHeld: Gauge;
  readonly breakerOpen: Gauge<'operation'>;
  readonly lanesBlocked: Gauge;
  readonly dueRows: Gauge;
  readonly overdueSeconds: Gauge;
  readonly waitingRows: Gauge;
  readonly brokerLag: Gauge<'partition'>;
  readonly brokerGap: Gauge<'partition'>;
  readonly brokerUnread: Gauge<'partition'>;
  readonly storeFailures: Counter<'stage'>;

  constructor(registry: MetricsRegistry) {
    const registers = [registry];
    const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Counter({ name, help, labelNames, registers });
    const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Gauge({ name, help, labelNames, registers });
    const seconds = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Histogram({ name, help, labelNames, registers, buckets: DURATION_BUCKETS });

    this.ingested = counter('bus_ingest_events_total', 'Records stored, by outcome', ['outcome']);
    this.ingestSeconds = seconds('bus_ingest_batch_seconds', 'Time to store one batch of records');
    this.quarantined = counter('bus_quarantine_total', 'Records put into quarantine, by fault', ['fault']);
    this.attempts = counter('bus_dispatch_attempts_total', 'Ended attempts', ['operation', 'outcome']);
    this.duplicates = counter(
      'bus_dispatch_duplicates_total',
      'Completed attempts whose effect was there before',
      ['operation'],
    );
    this.callSeconds = seconds('bus_dispatch_duration_seconds', 'Time of one call', ['operation']);
    const { callsUnderWay } = this;
    this.inFlight = new Gauge({
      name: 'bus_dispatch_in_flight',
      help: 'Calls under way in this replica',
      labelNames: ['operation'],
      registers,
      collect() {
        for (const [operation, calls] of callsUnderWay) this.set({ operation }, calls);
      },
    });
    this.lagSeconds = seconds('bus_dispatch_lag_seconds', 'Event stored until its execution started');
    this.retries = counter('bus_retry_total', 'Attempts after which the execution is due again', [
      'operation',
    ]);
    this.deadLetters = counter('bus_dead_letter_total', 'Executions that died', ['operation', 'cause']);
    this.fencedOff = counter('bus_fenced_off_total', 'Results dropped: another dispatcher had taken over');
    this.expiredLeases = counter('bus_lease_expired_total', 'Attempts closed as unknown after their lease');
    this.claimed = counter('bus_claimed_total', 'Executions claimed from due');
    this.eventsHeld = gauge('bus_window_events', 'Events in memory of this replica');
    this.breakerOpen = gauge('bus_breaker_open', '1: the service answers nothing, one probe a second', [
      'operation',
    ]);
    this.lanesBlocked = gauge('bus_lane_blocked', 'Lanes held by a dead execution, in the whole cluster');
    this.dueRows = gauge(
      'bus_due_rows',
      'Delayed, retrying and surplus executions, in the whole cluster; 100,000 = or more',
    );
    this.overdueSeconds = gauge(
      'bus_due_overdue_seconds',
      'For how long the oldest due execution of an active operation has been due',
    );
    this.waitingRows = gauge(
      'bus_waiting_rows',
      'Executions behind a dependency or in a lane, in the whole cluster; 100,000 = or more',
    );
    this.brokerLag = gauge('bus_broker_lag', 'Records behind the end of the log', ['partition']);
    this.brokerGap = gauge(
      'bus_broker_gap',
      '1: the stored position is outside the log, the partition has stopped',
      ['partition'],
    );
    this.brokerUnread = gauge(
      'bus_broker_unread',
      '1: the log grew by this partition and it holds records, which wait for the old partitions, or for BUS_PARTITIONS',
      ['partition'],
    );
    this.storeFailures = counter('bus_store_failures_total', 'Transactions that failed, by stage', ['stage']);
  }
}
