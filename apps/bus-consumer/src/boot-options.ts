import type { BootstrapOptions } from '@bus/app-shell';
import type { BusConsumerConfig } from './bus-consumer.config';
import { BusConsumerModule } from './bus-consumer.module';

/** How this app starts, from its settings: for `main`, and for tests that run it in their own process. */
export function bootOptions(config: BusConsumerConfig): BootstrapOptions {
  return {
    name: 'bus-consumer',
    module: BusConsumerModule.forRoot(config),
    http: { port: config.httpPort, host: config.host },
    logLevel: config.logLevel,
    logFormat: config.logFormat,
  };
}
