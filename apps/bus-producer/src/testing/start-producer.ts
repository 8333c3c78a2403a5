import { BusRpcClient, MetricsRegistry, rpcPortOf, startApp, stopApp } from '@bus/app-shell';
import { BrokerPublisher } from '@bus/broker';
import { InMemoryBroker } from '@bus/broker/testing';
import { decodeRecord, type IncomingEvent, type IncomingRecord } from '@bus/domain';
import { type DynamicModule, Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { serveOpenApi } from '../open-api';
import { handsOnFaults, inspectFrame } from '../publish/inspect-frame';
import { PublishModule } from '../publish/publish.module';
import type { PublishOptions } from '../publish/publish-options';

@Module({})
class TestBrokerModule {}

/** A module that exports a given publisher, as BusBrokerModule does. */
export function brokerModule(publisher: BrokerPublisher): DynamicModule {
  const provider = { provide: BrokerPublisher, useValue: publisher };
  return { module: TestBrokerModule, providers: [provider], exports: [BrokerPublisher] };
}

export interface RunningProducer {
  app: NestExpressApplication;
  broker: InMemoryBroker;
  /** `http://127.0.0.1:<port>`. */
  url: string;
  rpcPort: number;
  rpc: BusRpcClient;
  /** Events in the log, of all partitions, in the order of their publishing. */
  published(): IncomingEvent[];
  /** The text of /metrics. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a real app on free ports: publish alone over a broker in memory, unless another module is given. */
export async function startProducer(
  given: { publisher?: BrokerPublisher; publish?: PublishOptions; module?: DynamicModule } = {},
): Promise<RunningProducer> {
  const broker = new InMemoryBroker();
  const publisher = given.publisher ?? broker.publisher();
  const app = await startApp({
    name: 'bus-producer',
    module: given.module ?? PublishModule.forRoot(brokerModule(publisher), given.publish),
    http: { port: 0, host: '127.0.0.1' },
    rpc: { port: 0, host: '127.0.0.1', inspectFrame, handsOnFaults },
    logLevel: 'silent',
    configure: serveOpenApi,
  });
  const rpcPort = rpcPortOf(app);
  const rpc = new BusRpcClient({ host: '127.0.0.1', port: rpcPort });
  return {
    app,
    broker,
    url: (await app.getUrl()).replace('[::1]', '127.0.0.1'),
    rpcPort,
    rpc,
    published: () => recordsOf(broker).map(eventOf),
    metrics: () => app.get(MetricsRegistry).metrics(),
    stop: async () => {
      rpc.close();
      await stopApp(app);
    },
  };
}

function recordsOf(broker: InMemoryBroker): IncomingRecord[] {
  return Array.from({ length: broker.partitionCount }, (_, at) => broker.read(at, 0n, 10_000))
    .flat()
    .sort((a, b) => a.appendedAt.getTime() - b.appendedAt.getTime());
}

function eventOf(record: IncomingRecord): IncomingEvent {
  const decoded = decodeRecord(record, { logId: 'memory' });
  if ('fault' in decoded) throw new Error(`${decoded.fault}: ${decoded.detail}`);
  return decoded.event;
}
