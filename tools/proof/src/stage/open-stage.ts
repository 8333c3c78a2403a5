import { chmodSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runOnce } from '@bus/local-bus';
import type { ProofBroker } from '../layer';
import { buildBundles } from './build-bundles';
import { FaultProxy } from './fault-proxy';
import { freePort } from './free-port';
import { ProofProcess, type ProofRole } from './proof-process';
import { Stage } from './stage';
import { StageKafka } from './stage-kafka';
import { StagePostgres } from './stage-postgres';

export interface StageOptions {
  broker: ProofBroker;
  /** Absolute; data, logs. Made where it is missing. */
  workDir: string;
  /** fsync of the bus's PostgreSQL. */
  durable: boolean;
  producers: number;
  consumers: number;
  services: number;
  /** Everything passes a fault proxy: apps to PostgreSQL and Kafka, consumers to services, the harness to producers. */
  links: boolean;
  signal: AbortSignal;
  /** CommonJS files, absolute, that every app gets by `node --require`. */
  preload?: string | readonly string[];
  /** Of every app. */
  env?: Record<string, string>;
  /** Of one app beside that, by its name: `consumer-1`. */
  envOf?(name: string): Record<string, string>;
  progress(text: string): void;
}

const ROOT = resolve(__dirname, '../../../..');
const READY_WITHIN_MS = 120_000;
const NODE_ARGS = ['--enable-source-maps', '--max-semi-space-size=16', '--max-old-space-size=320'];
const APP: Record<'producer' | 'consumer', string> = { producer: 'bus-producer', consumer: 'bus-consumer' };

/** Starts the bus and its surroundings as real processes on free ports. Everything is ready when it resolves; its
 *  services' `effects` lie in a PostgreSQL of their own.
 *  @throws Error that names what is missing; nothing is left running then */
export async function openStage(options: StageOptions): Promise<Stage> {
  const closing: (() => Promise<unknown>)[] = [];
  try {
    return await open(options, closing);
  } catch (error) {
    for (const close of closing.reverse()) await close();
    throw error;
  }
}

async function open(options: StageOptions, closing: (() => Promise<unknown>)[]): Promise<Stage> {
  const { workDir, signal, progress, broker, links } = options;
  mkdirSync(join(workDir, 'logs'), { recursive: true });
  chmodSync(workDir, 0o755); // PostgreSQL runs as another user where this one is root
  const serviceScript = await buildBundles(ROOT, progress, signal);
  const [busPort, effectsPort] = [await freePort(), await freePort()];
  const [kafkaPort, controllerPort] = [await freePort(), await freePort()];

  const proxies = new Map<string, FaultProxy>();
  /** The port to use instead of `port`: that of a new link, where there are links. */
  const linked = async (name: string, port: number): Promise<number> => {
    if (!links) return port;
    const proxy = new FaultProxy(name, port);
    proxies.set(name, proxy);
    closing.push(() => proxy.close());
    return proxy.open(await freePort());
  };

  const bus = new StagePostgres({
    dataDir: join(workDir, 'postgres'),
    port: busPort,
    durable: options.durable,
  });
  const effects = new StagePostgres({ dataDir: join(workDir, 'effects'), port: effectsPort, durable: false });
  const kafkaLink = broker === 'kafka' ? await linked('kafka', kafkaPort) : kafkaPort;
  const kafka =
    broker === 'kafka'
      ? new StageKafka({
          dataDir: join(workDir, 'kafka'),
          port: kafkaPort,
          advertisedPort: kafkaLink,
          controllerPort,
        })
      : null;
  for (const server of [bus, effects, kafka]) if (server) closing.push(() => server.stop());
  progress(`starting PostgreSQL twice${kafka ? ' and Kafka' : ''}`);
  await Promise.all([bus.start(), effects.start(), kafka?.start()]);
  signal.throwIfAborted();

  const common: Record<string, string> = {
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'json',
    BUS_BROKER: broker,
    ...(kafka
      ? { KAFKA_BROKERS: `127.0.0.1:${kafkaLink}`, DEV_SINGLE_BROKER: 'true', BUS_REPLICATION: '1' }
      : {}),
    ...options.env,
  };
  const migrateEnv = { ...process.env, ...common, DATABASE_URL: bus.url };
  await Promise.all([
    runOnce('bus-migrate', [join(ROOT, 'dist/apps/bus-migrate/main.js')], migrateEnv, ROOT, signal),
    runOnce(
      'proof-recorder',
      [serviceScript, '--migrate'],
      { ...migrateEnv, DATABASE_URL: effects.url },
      ROOT,
      signal,
    ),
  ]);

  const preloads = [join(__dirname, 'preload', 'orphan.cjs'), ...[options.preload ?? []].flat()];
  const nodeArgs = [...NODE_ARGS, ...preloads.flatMap((file) => ['--require', file])];
  const newProcess = async (role: ProofRole, name: string, extraEnv: Record<string, string> = {}) => {
    const [httpPort, rpcPort] = [await freePort(), await freePort()];
    const databaseUrl = role === 'service' ? effects.url : urlAt(await linked(`${name}>postgres`, busPort));
    const made = new ProofProcess({
      name,
      role,
      script: role === 'service' ? serviceScript : join(ROOT, 'dist', 'apps', APP[role], 'main.js'),
      nodeArgs,
      env: { ...common, DATABASE_URL: databaseUrl, ...options.envOf?.(name), ...extraEnv },
      logFile: join(workDir, 'logs', `${name}.log`),
      cwd: ROOT,
      httpPort,
      rpcPort: role === 'consumer' ? null : rpcPort,
    });
    closing.push(() => made.close());
    return made;
  };
  const several = (role: ProofRole, count: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => newProcess(role, `${role}-${index + 1}`)));

  const [producers, consumers, services] = await Promise.all([
    several('producer', options.producers),
    several('consumer', options.consumers),
    several('service', options.services),
  ]);
  const endpoints = await Promise.all(
    services.map(
      async ({ name, rpcPort }) => `tcp://127.0.0.1:${await linked(`consumers>${name}`, rpcPort as number)}`,
    ),
  );
  const addresses = await Promise.all(
    producers.map(async ({ name, httpPort, rpcPort }) => ({
      rpcPort: await linked(`harness>${name}.rpc`, rpcPort as number),
      httpPort: await linked(`harness>${name}.http`, httpPort),
    })),
  );
  const all = [...services, ...producers, ...consumers];
  progress(`starting ${all.length} apps`);
  for (const one of all) one.start();
  await Promise.all(all.map((one) => one.ready(READY_WITHIN_MS, signal)));
  progress(`${all.length} apps are ready`);

  const stage = new Stage({
    broker,
    servers: { postgres: bus, effects, kafka },
    processes: { producers, consumers, services },
    links: proxies,
    endpoints,
    addresses,
    kafkaBrokers: kafka ? [`127.0.0.1:${kafkaPort}`] : [],
    newConsumer: async (extraEnv) => {
      const added = await newProcess('consumer', `consumer-${consumers.length + 1}`, extraEnv);
      consumers.push(added);
      return added;
    },
    stop: async () => {
      for (const close of closing.splice(0).reverse()) await close();
    },
  });
  return stage;
}

function urlAt(port: number): string {
  return `postgres://bus@127.0.0.1:${port}/bus`;
}
