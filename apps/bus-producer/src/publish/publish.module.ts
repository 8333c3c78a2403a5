import { DrainState, HealthChecks } from '@bus/app-shell';
import { BrokerPublisher } from '@bus/broker';
import { type DynamicModule, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { BrokerEventPublisher } from './broker-event-publisher';
import { BrokerHealth } from './broker-health';
import { PublishHttpController } from './publish.http.controller';
import { PublishMetrics } from './publish-metrics';
import { PUBLISH_OPTIONS, type PublishOptions } from './publish-options';
import { PublishRpcController } from './publish.rpc.controller';
import { StoreHints } from './store-hints';

/** Publishing over HTTP and RPC; needs the broker alone. */
@Module({})
export class PublishModule implements OnModuleInit, OnApplicationShutdown {
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly broker: BrokerPublisher,
    private readonly health: BrokerHealth,
    private readonly checks: HealthChecks,
    private readonly drain: DrainState,
  ) {}

  /** @param broker a module that exports BrokerPublisher */
  static forRoot(broker: DynamicModule, options: PublishOptions = {}): DynamicModule {
    return {
      module: PublishModule,
      imports: [broker],
      controllers: [PublishHttpController, PublishRpcController],
      providers: [
        { provide: PUBLISH_OPTIONS, useValue: options },
        StoreHints,
        PublishMetrics,
        BrokerEventPublisher,
        BrokerHealth,
      ],
      exports: [StoreHints],
    };
  }

  /** A broker that is away does not keep the app from starting; a log that would break a promise does. */
  async onModuleInit(): Promise<void> {
    this.checks.register(this.health);
    this.drain.onDrain('broker publisher', () => this.onApplicationShutdown());
    await this.broker.start();
  }

  onApplicationShutdown(): Promise<void> {
    return (this.stopping ??= this.broker.stop());
  }
}
