import type { BootstrapOptions } from '@bus/app-shell';
import { serveOpenApi } from './api/open-api';
import type { BusConsoleConfig } from './bus-console.config';
import { BusConsoleModule } from './bus-console.module';

/** How this app starts, from its settings: for `main`, and for tests that run it in their own process. */
export function bootOptions(config: BusConsoleConfig): BootstrapOptions {
  return {
    name: 'bus-console',
    module: BusConsoleModule.forRoot(config),
    http: { port: config.httpPort, host: config.host },
    logLevel: config.logLevel,
    logFormat: config.logFormat,
    configure: serveOpenApi,
  };
}
