import { createLogEnds, LogEnds } from '@bus/broker';
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

/** The admin API. It changes rows and calls nobody: bus-consumer does what they say. */
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
        AuditController,
      ],
      providers: [
        { provide: APP_PIPE, useClass: InputPipe },
        { provide: OPERATION_HOSTS, useValue: config.operationHosts },
        {
          provide: LogEnds,
          useFactory: () => createLogEnds({ ...config.broker, clientId: 'bus-console' }),
        },
        LogLag,
        OperationChanges,
        DatabaseHealth,
      ],
    };
  }
}
