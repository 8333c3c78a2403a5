import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { AuditTrail } from './audit-trail';
import { BusOverview } from './bus-overview';
import { DeadLetterOutbox } from './dead-letter-outbox';
import { DeadLetters } from './dead-letters';
import { EventTimeline } from './event-timeline';
import { EventControlStore } from './event-control-store';
import { EventInbox } from './event-inbox';
import { EventRepairs } from './event-repairs';
import { ExecutionControl } from './execution-control';
import { ExecutionLedger } from './execution-ledger';
import { ExecutionList } from './execution-list';
import { OperationGraphs } from './operation-graphs';
import { PartitionUpkeep } from './partition-upkeep';
import { Retention } from './retention';
import { PostgresAuditTrail } from './postgres/audit.repository';
import { StorePool, createStorePool } from './postgres/connection';
import { PostgresDeadLetters } from './postgres/dead-letter.repository';
import { PostgresEventTimeline } from './postgres/event-timeline.repository';
import { PostgresEventControlStore } from './postgres/event-control.repository';
import { PostgresEventInbox } from './postgres/event-inbox.repository';
import { PostgresEventRepairs } from './postgres/event-repairs.repository';
import { PostgresExecutionControl } from './postgres/execution-control.repository';
import { PostgresExecutionLedger } from './postgres/execution-ledger.repository';
import { PostgresExecutionList } from './postgres/execution-list.repository';
import { PostgresOperationGraphs } from './postgres/operation-graph.repository';
import { PostgresBusOverview } from './postgres/overview.repository';
import { PostgresDeadLetterOutbox } from './postgres/dead-letter-outbox.repository';
import { PostgresRetention } from './postgres/retention.repository';
import { PostgresPartitionUpkeep } from './postgres/partition.repository';
import { PostgresQuarantine } from './postgres/quarantine.repository';
import { PostgresReplayPreviews } from './postgres/replay-preview.repository';
import { PostgresReplayRuns } from './postgres/replay-run.repository';
import { PostgresReplaySteps } from './postgres/replay-step.repository';
import { Quarantine } from './quarantine';
import { ReplayPreviews } from './replay-previews';
import { ReplayRuns } from './replay-runs';
import { ReplaySteps } from './replay-steps';

export interface BusStoreOptions {
  databaseUrl: string;
  /** Connections of this process. Default 6. */
  poolSize?: number;
  /** Shows in `pg_stat_activity`. */
  applicationName: string;
}

const PORTS: Provider[] = [
  { provide: EventInbox, useClass: PostgresEventInbox },
  { provide: EventControlStore, useClass: PostgresEventControlStore },
  { provide: EventRepairs, useClass: PostgresEventRepairs },
  { provide: PartitionUpkeep, useClass: PostgresPartitionUpkeep },
  { provide: Retention, useClass: PostgresRetention },
  { provide: DeadLetterOutbox, useClass: PostgresDeadLetterOutbox },
  { provide: ExecutionLedger, useClass: PostgresExecutionLedger },
  { provide: OperationGraphs, useClass: PostgresOperationGraphs },
  { provide: ExecutionControl, useClass: PostgresExecutionControl },
  { provide: ReplayRuns, useClass: PostgresReplayRuns },
  { provide: ReplayPreviews, useClass: PostgresReplayPreviews },
  { provide: ReplaySteps, useClass: PostgresReplaySteps },
  // what people read
  { provide: EventTimeline, useClass: PostgresEventTimeline },
  { provide: ExecutionList, useClass: PostgresExecutionList },
  { provide: DeadLetters, useClass: PostgresDeadLetters },
  { provide: Quarantine, useClass: PostgresQuarantine },
  { provide: AuditTrail, useClass: PostgresAuditTrail },
  { provide: BusOverview, useClass: PostgresBusOverview },
];

/** The ports of bus-store on Postgres. Connects when first used: an app starts while Postgres is away. */
@Module({})
export class BusStoreModule {
  static forRoot(options: BusStoreOptions): DynamicModule {
    const pool: Provider = {
      provide: StorePool,
      useFactory: () => createStorePool({ connectionString: options.databaseUrl, ...options }),
    };
    return {
      module: BusStoreModule,
      global: true,
      providers: [pool, ...PORTS],
      exports: [StorePool, ...PORTS.map((port) => (port as { provide: typeof PartitionUpkeep }).provide)],
    };
  }
}
