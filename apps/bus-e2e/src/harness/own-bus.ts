import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RpcEventPublisher } from '@bus/client';
import { startPostgres } from '@bus/embedded-postgres';
import { kafkaAvailable, startKafka } from '@bus/kafka-dev';
import { LocalBus, discoverApps, portVariable, Terminal } from '@bus/local-bus';

const ROOT = resolve(__dirname, '../../../..');

export type Broker = 'postgres' | 'kafka';

/** The whole bus as real processes, on ports and data of its own: it runs beside another one. */
export interface OwnBus {
  bus: LocalBus;
  databaseUrl: string;
  /** Settings and ports, for `${NAME}` in operations files. */
  env: Record<string, string>;
  consoleUrl: string;
  publisher(): RpcEventPublisher;
  freePort(): Promise<number>;
  /** Ends every process and removes the data. */
  stop(): Promise<void>;
}

export interface OwnBusOptions {
  /** Every log line of the apps. Default false. */
  verbose?: boolean;
  /** Ends the start early. */
  signal: AbortSignal;
}

/** @throws Error that names what is missing; nothing is left behind then */
export async function startOwnBus(
  broker: Broker,
  terminal: Terminal,
  { verbose = false, signal }: OwnBusOptions,
): Promise<OwnBus> {
  const dataDir = mkdtempSync(join(tmpdir(), 'omnibus-e2e-'));
  chmodSync(dataDir, 0o755); // PostgreSQL runs as another user where this one is root
  const closing: (() => Promise<unknown>)[] = [async () => rmSync(dataDir, { recursive: true, force: true })];
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const env: Record<string, string> = { BUS_BROKER: broker, ...(await ownPorts()) };
    await terminal.step('Starting PostgreSQL', async () => {
      const postgres = await startPostgres({
        dataDir: join(dataDir, 'postgres'),
        port: await freePort(),
        durable: true,
      });
      closing.push(() => postgres.stop());
      env['DATABASE_URL'] = postgres.url;
      return `PostgreSQL on 127.0.0.1:${postgres.port}`;
    });
    if (broker === 'kafka') {
      const available = kafkaAvailable();
      if (!available.available)
        throw new Error(`Kafka can't be started here: ${available.missing} is missing`);
      await terminal.step('Starting Kafka', async (tell) => {
        const kafka = await startKafka({ dataDir: join(dataDir, 'kafka'), onProgress: tell });
        closing.push(() => kafka.stop());
        Object.assign(env, { KAFKA_BROKERS: kafka.brokers, DEV_SINGLE_BROKER: 'true', BUS_REPLICATION: '1' });
        return `Kafka on ${kafka.brokers}`;
      });
    }
    const bus = new LocalBus({ root: ROOT, env: { ...process.env, ...env }, verbose, dataDir }, terminal);
    closing.push(() => bus.stop());
    await bus.start(signal);
    const producer = bus.app('bus-producer');
    return {
      bus,
      databaseUrl: env['DATABASE_URL'] ?? '',
      env,
      consoleUrl: `http://127.0.0.1:${bus.app('bus-console').httpPort}`,
      publisher: () => {
        const publisher = new RpcEventPublisher({ host: '127.0.0.1', port: producer.rpcPort ?? 0 });
        closing.push(async () => publisher.close());
        return publisher;
      },
      freePort,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A free port for every app, as the variables that move them. */
async function ownPorts(): Promise<Record<string, string>> {
  const ports: Record<string, string> = {};
  for (const app of discoverApps(ROOT, {})) {
    ports[portVariable(app.name, 'HTTP')] = String(await freePort());
    if (app.rpcPort) ports[portVariable(app.name, 'RPC')] = String(await freePort());
  }
  // The service's own name for its endpoint, in its operations.yaml.
  ports['WECHAT_RPC_PORT'] = ports[portVariable('wechat-notify', 'RPC')] ?? '';
  return ports;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
