import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { AuditTrail } from './audit-trail';
import { BusOverview } from './bus-overview';
import { DeadLetters } from './dead-letters';
import { EventTimeline } from './event-timeline';
import { EventControlStore } from './event-control-store';
import { EventInbox } from './event-inbox';
import { ExecutionLedger } from './execution-ledger';
import { ExecutionList } from './execution-list';
import { OperationGraphs } from './operation-graphs';
import { PartitionUpkeep } from './partition-upkeep';
import { PostgresAuditTrail } from './postgres/audit.repository';
import { StorePool, createStorePool } from './postgres/connection';
import { PostgresDeadLetters } from './postgres/dead-letter.repository';
import { PostgresEventTimeline } from './postgres/event-timeline.repository';
import { PostgresEventControlStore } from './postgres/event-control.repository';
import { PostgresEventInbox } from './postgres/event-inbox.repository';
import { PostgresExecutionLedger } from './postgres/execution-ledger.repository';
import { PostgresExecutionList } from './postgres/execution-list.repository';
import { PostgresOperationGraphs } from './postgres/operation-graph.repository';
import { PostgresBusOverview } from './postgres/overview.repository';
import { PostgresPartitionUpkeep } from './postgres/partition.repository';
import { PostgresQuarantine } from './postgres/quarantine.repository';
import { Quarantine } from './quarantine';

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
  { provide: PartitionUpkeep, useClass: PostgresPartitionUpkeep },
  { provide: ExecutionLedger, useClass: PostgresExecutionLedger },
  { provide: OperationGraphs, useClass: PostgresOperationGraphs },
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
