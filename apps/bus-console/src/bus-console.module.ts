import { createLogEnds, createPublisher, LogEnds } from '@bus/broker';
import { BusStoreModule } from '@bus/store';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { InputPipe } from './api/input-pipe';
import { AuditController } from './audit/audit.http.controller';
import type { BusConsoleConfig } from './bus-console.config';
import { DatabaseHealth } from './database-health';
import { DeadLettersController } from './dead-letters/dead-letters.http.controller';
import { EventsController } from './events/events.http.controller';
import { ExecutionsController } from './executions/executions.http.controller';
import { OperationChanges, OPERATION_HOSTS } from './operations/operation-changes';
import { OperationsController } from './operations/operations.http.controller';
import { LogLag } from './overview/log-lag';
import { OverviewController } from './overview/overview.http.controller';
import { QuarantineController } from './quarantine/quarantine.http.controller';
import { EventRepairController } from './repair/event-repair.http.controller';
import { EventResend } from './repair/event-resend';
import { QuarantineRepairController } from './repair/quarantine-repair.http.controller';
import { QuarantineReprocess } from './repair/quarantine-reprocess';
import { PUBLISHER_FACTORY, RepairPublisher } from './repair/repair-publisher';
import { EventRouteController } from './replays/event-route.http.controller';
import { ExecutionControlController } from './replays/execution-control.http.controller';
import { LanesController } from './replays/lanes.http.controller';
import { ReplayScheduler } from './replays/replay.scheduler';
import { ReplaysController } from './replays/replays.http.controller';

/** The admin API. It changes rows, publishes repairs, and calls no service: bus-consumer does what they say. */
@Module({})
export class BusConsoleModule {
  static forRoot(config: BusConsoleConfig): DynamicModule {
    return {
      module: BusConsoleModule,
      imports: [
        BusStoreModule.forRoot({
          databaseUrl: config.databaseUrl,
          poolSize: config.databasePool,
          applicationName: 'bus-console',
        }),
      ],
      controllers: [
        OverviewController,
        OperationsController,
        EventsController,
        ExecutionsController,
        DeadLettersController,
        QuarantineController,
        EventRepairController,
        QuarantineRepairController,
        EventRouteController,
        ExecutionControlController,
        LanesController,
        ReplaysController,
        AuditController,
      ],
      providers: [
        { provide: APP_PIPE, useClass: InputPipe },
        { provide: OPERATION_HOSTS, useValue: config.operationHosts },
        {
          provide: LogEnds,
          useFactory: () => createLogEnds({ ...config.broker, clientId: 'bus-console' }),
        },
        {
          provide: PUBLISHER_FACTORY,
          useValue: () => createPublisher({ ...config.broker, clientId: 'bus-console' }),
        },
        RepairPublisher,
        EventResend,
        QuarantineReprocess,
        LogLag,
        OperationChanges,
        ReplayScheduler,
        DatabaseHealth,
      ],
    };
  }
}
