import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { Clock } from '@bus/app-shell';
import { BusBrokerModule, createPublisher } from '@bus/broker';
import { Expressions } from '@bus/domain';
import { BusStoreModule } from '@bus/store';
import type { BusConsumerConfig } from './bus-consumer.config';
import { ConsumerMetrics } from './consumer-metrics';
import { ConsumerRun } from './consumer-run';
import { AttemptRun } from './dispatch/attempt-run';
import { BuiltInOperationCaller } from './dispatch/callers/built-in-operation-caller';
import { EndpointOperationCaller } from './dispatch/callers/endpoint-operation-caller';
import { HttpOperationCaller } from './dispatch/callers/http-operation-caller';
import { OperationCaller } from './dispatch/callers/operation-caller';
import { TcpOperationCaller } from './dispatch/callers/tcp-operation-caller';
import { DispatchRun } from './dispatch/dispatch-run';
import { Dispatcher } from './dispatch/dispatcher';
import { DueHints } from './dispatch/due-hints';
import { DueScheduler } from './dispatch/due.scheduler';
import { ExecutionRecord } from './dispatch/execution-record';
import { ExecutionsInHand } from './dispatch/executions-in-hand';
import { InFlightWindow } from './dispatch/in-flight-window';
import { LeaseScheduler } from './dispatch/lease.scheduler';
import { LedgerSession } from './dispatch/ledger-session';
import { OperationSlots } from './dispatch/operation-slots';
import { SettleBatch } from './dispatch/settle-batch';
import { TimeoutWheel } from './dispatch/timeout-wheel';
import { ActiveGraphs } from './graphs/active-graphs';
import { BatchIngest } from './inbox/batch-ingest';
import { BatchPlanner } from './inbox/batch-planner';
import { EventIntake } from './inbox/event-intake';
import { InboxRecord } from './inbox/inbox-record';
import { LogReading } from './inbox/log-reading';
import { SystemTimers, Timers } from './timers';
import { BacklogGauge } from './upkeep/backlog.gauge';
import { Chores } from './upkeep/chores';
import { DeadLetterMirrorScheduler, MIRROR_PUBLISHER } from './upkeep/dead-letter-mirror.scheduler';
import { DispatchWatch } from './upkeep/dispatch-watch';
import { LagGauge } from './upkeep/lag.gauge';
import { LOG_KEEP_MS, LogPruningScheduler } from './upkeep/log-pruning.scheduler';
import { PartitionScheduler } from './upkeep/partition.scheduler';
import { RETENTION_DAYS, RetentionScheduler } from './upkeep/retention.scheduler';
import { StallWatch } from './upkeep/stall-watch';
import { StoreGauge } from './upkeep/store.gauge';

const INBOX: Provider[] = [BatchPlanner, BatchIngest, EventIntake, InboxRecord, LogReading];
const DISPATCH: Provider[] = [
  AttemptRun,
  BuiltInOperationCaller,
  DispatchRun,
  Dispatcher,
  DueHints,
  DueScheduler,
  ExecutionRecord,
  ExecutionsInHand,
  HttpOperationCaller,
  InFlightWindow,
  LeaseScheduler,
  LedgerSession,
  OperationSlots,
  SettleBatch,
  TcpOperationCaller,
  TimeoutWheel,
  { provide: OperationCaller, useClass: EndpointOperationCaller },
  {
    provide: Expressions,
    useFactory: (clock: Clock) => new Expressions(() => clock.monotonicMs()),
    inject: [Clock],
  },
];
const UPKEEP: Provider[] = [
  BacklogGauge,
  Chores,
  DeadLetterMirrorScheduler,
  DispatchWatch,
  LagGauge,
  LogPruningScheduler,
  PartitionScheduler,
  RetentionScheduler,
  StallWatch,
  StoreGauge,
];

/** Broker → inbox → dispatch → results. */
@Module({})
export class BusConsumerModule {
  static forRoot(config: BusConsumerConfig): DynamicModule {
    return {
      module: BusConsumerModule,
      imports: [
        BusStoreModule.forRoot({
          databaseUrl: config.databaseUrl,
          poolSize: config.databasePool,
          applicationName: 'bus-consumer',
        }),
        BusBrokerModule.forConsumer({ ...config.broker, clientId: 'bus-consumer' }),
      ],
      providers: [
        ActiveGraphs,
        ConsumerMetrics,
        ConsumerRun,
        { provide: Timers, useClass: SystemTimers },
        { provide: LOG_KEEP_MS, useValue: config.logKeepMs },
        { provide: RETENTION_DAYS, useValue: config.retentionDays },
        {
          provide: MIRROR_PUBLISHER,
          useFactory: () =>
            config.deadLetterMirror &&
            createPublisher({ ...config.deadLetterMirror, clientId: 'bus-consumer dead letters' }),
        },
        ...INBOX,
        ...DISPATCH,
        ...UPKEEP,
      ],
    };
  }
}
