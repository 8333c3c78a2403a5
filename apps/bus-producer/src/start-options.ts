import type { BootstrapOptions } from '@bus/app-shell';
import { VERSION } from './version';
import type { BusProducerConfig } from './bus-producer.config';
import { BusProducerModule } from './bus-producer.module';
import { serveOpenApi } from './open-api';
import { handsOnFaults, inspectFrame } from './publish/inspect-frame';

/** How bus-producer starts: what main.ts runs, and its tests. */
export function startOptions(config: BusProducerConfig): BootstrapOptions {
  return {
    name: 'bus-producer',
    version: VERSION,
    module: BusProducerModule.forRoot(config),
    http: config.http,
    rpc: { ...config.rpc, inspectFrame, handsOnFaults },
    logLevel: config.logLevel,
    logFormat: config.logFormat,
    configure: serveOpenApi,
  };
}
