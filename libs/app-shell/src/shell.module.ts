import { Global, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { LoggerModule } from 'nestjs-pino';
import type { DestinationStream } from 'pino';
import { collectDefaultMetrics } from 'prom-client';
import type { LogFormat, LogLevel } from './app-settings';
import { Clock, SystemClock } from './clock';
import { DrainState } from './health/drain-state';
import { HealthController } from './health/health.http.controller';
import { HealthChecks } from './health/health-checks';
import { createLogger } from './logging/logger';
import { MetricsController } from './metrics/metrics.http.controller';
import { MetricsRegistry } from './metrics/metrics-registry';
import { RandomSource, SystemRandom } from './random';
import { RpcMetrics } from './rpc/rpc-metrics';

export interface ShellOptions {
  /** The app's name, as in its logs. */
  name: string;
  /** Default `info`. */
  logLevel?: LogLevel;
  /** Default `json`. */
  logFormat?: LogFormat;
  /** Where log lines go; default standard output. */
  logDestination?: DestinationStream;
  /** Process metrics (memory, event loop, GC) beside the app's own. Default false; `bootstrap` turns it on. */
  processMetrics?: boolean;
}

/**
 * What every app has, once and globally: Clock, RandomSource, MetricsRegistry, HealthChecks, DrainState, the logger,
 * and the controllers of `/health/*` and `/metrics`. `bootstrap` imports it; an app's own modules do not.
 */
@Global()
@Module({})
export class ShellModule implements OnModuleInit {
  constructor(private readonly modules: ModulesContainer) {}

  static forRoot(options: ShellOptions): DynamicModule {
    const logger = createLogger({
      name: options.name,
      level: options.logLevel ?? 'info',
      format: options.logFormat,
      destination: options.logDestination,
    });
    const registry = new MetricsRegistry();
    if (options.processMetrics) collectDefaultMetrics({ register: registry });
    return {
      module: ShellModule,
      imports: [
        // No route: request logs would cost more than the calls; failures are logged, durations are metrics.
        LoggerModule.forRoot({ pinoHttp: { logger }, forRoutes: [] }),
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [HealthController, MetricsController],
      providers: [
        { provide: Clock, useClass: SystemClock },
        { provide: RandomSource, useClass: SystemRandom },
        { provide: MetricsRegistry, useValue: registry },
        { provide: RpcMetrics, useFactory: () => new RpcMetrics(registry) },
        HealthChecks,
        DrainState,
      ],
      exports: [Clock, RandomSource, MetricsRegistry, RpcMetrics, HealthChecks, DrainState, LoggerModule],
    };
  }

  onModuleInit(): void {
    const shells = [...this.modules.values()].filter((module) => module.metatype === ShellModule);
    if (shells.length > 1)
      throw new Error('ShellModule is imported twice; bootstrap imports it: remove the other one');
  }
}
