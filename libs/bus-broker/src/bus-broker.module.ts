import { type DynamicModule, Logger, Module, type Provider } from '@nestjs/common';
import type { BrokerLogger, BrokerOptions } from './broker-options';
import { BrokerPublisher } from './broker-publisher';
import { BrokerSubscriber } from './broker-subscriber';
import { createPublisher, createSubscriber } from './create-broker';

/** Provides the broker's ports. Starting and stopping them is the app's: `start()` at boot, `stop()` in its drain. */
@Module({})
export class BusBrokerModule {
  /** For apps that publish: `BrokerPublisher`. */
  static forRoot(options: BrokerOptions): DynamicModule {
    return dynamic([publisher(options)]);
  }

  /** For apps that read: `BrokerSubscriber`, and `BrokerPublisher`. */
  static forConsumer(options: BrokerOptions): DynamicModule {
    const subscriber = {
      provide: BrokerSubscriber,
      useFactory: () => createSubscriber(withNestLogger(options)),
    };
    return dynamic([publisher(options), subscriber]);
  }
}

function publisher(options: BrokerOptions): Provider {
  return { provide: BrokerPublisher, useFactory: () => createPublisher(withNestLogger(options)) };
}

function dynamic(providers: Provider[]): DynamicModule {
  return {
    module: BusBrokerModule,
    providers,
    exports: providers.map((provider) => (provider as { provide: typeof BrokerPublisher }).provide),
  };
}

function withNestLogger(options: BrokerOptions): BrokerOptions {
  return { ...options, logger: options.logger ?? nestLogger() };
}

function nestLogger(): BrokerLogger {
  const logger = new Logger('BusBroker');
  const method = { debug: 'debug', info: 'log', warn: 'warn', error: 'error' } as const;
  return (level, message, details) => logger[method[level]]({ msg: message, ...details });
}
