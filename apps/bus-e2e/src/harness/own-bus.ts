import { resolve } from 'node:path';
import { HttpEventControl, RpcEventPublisher } from '@bus/client';
import { LocalBus, discoverApps, portVariable, type Terminal } from '@bus/local-bus';
import { freePort } from './free-port';
import { startOwnParts, type OwnParts } from './own-parts';

const ROOT = resolve(__dirname, '../../../..');

export type Broker = 'postgres' | 'kafka';

/** The whole bus as real processes, on ports and data of its own: it runs beside another one. */
export interface OwnBus {
  /** The apps that run now; another one after `switchBroker`. */
  readonly bus: LocalBus;
  readonly parts: OwnParts;
  databaseUrl: string;
  /** Settings and ports, for `${NAME}` in operations files. */
  env: Record<string, string>;
  consoleUrl: string;
  producerUrl: string;
  publisher(): RpcEventPublisher;
  control(): HttpEventControl;
  freePort(): Promise<number>;
  /** Stops all apps in order and starts them on the other broker, with the same data. */
  switchBroker(broker: Broker): Promise<void>;
  /** Ends every process and removes the data. */
  stop(): Promise<void>;
}

export interface OwnBusOptions {
  /** Every log line of the apps. Default false. */
  verbose?: boolean;
  /** Ends the start early. */
  signal: AbortSignal;
  /** Kafka runs even where the first broker is Postgres: for `switchBroker`. Default false. */
  bothBrokers?: boolean;
}

/** @throws Error that names what is missing; nothing is left behind then */
export async function startOwnBus(
  broker: Broker,
  terminal: Terminal,
  { verbose = false, signal, bothBrokers = false }: OwnBusOptions,
): Promise<OwnBus> {
  const parts = await startOwnParts(broker === 'kafka' || bothBrokers, terminal);
  const clients: { close(): unknown }[] = [];
  let bus: LocalBus | undefined;
  const stop = async () => {
    for (const client of clients.splice(0)) await client.close();
    await bus?.stop();
    await parts.stop();
  };
  try {
    const env: Record<string, string> = { ...parts.env, ...(await ownPorts()) };
    const startApps = async (on: Broker) => {
      const { dataDir } = parts;
      env['BUS_BROKER'] = on;
      bus = new LocalBus({ root: ROOT, env: { ...process.env, ...env }, verbose, dataDir }, terminal);
      await bus.start(signal);
      return bus;
    };
    const { httpPort, rpcPort } = (await startApps(broker)).app('bus-producer');
    const producerUrl = `http://127.0.0.1:${httpPort}`;
    const kept = <T extends { close(): unknown }>(client: T): T => {
      clients.push(client);
      return client;
    };
    return {
      get bus() {
        return bus as LocalBus;
      },
      parts,
      databaseUrl: parts.databaseUrl,
      env,
      consoleUrl: `http://127.0.0.1:${env[portVariable('bus-console', 'HTTP')]}`,
      producerUrl,
      publisher: () => kept(new RpcEventPublisher({ host: '127.0.0.1', port: rpcPort ?? 0 })),
      control: () => kept(new HttpEventControl({ url: producerUrl })),
      freePort,
      switchBroker: async (to) => {
        await bus?.stop();
        await startApps(to);
      },
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
