import { join } from 'node:path';
import { startPostgres } from '@bus/embedded-postgres';
import { kafkaAvailable, startKafka } from '@bus/kafka-dev';
import type { OwnProcess } from './run-file';
import type { Terminal } from './terminal';

const KAFKA_PORT = 9092;

/** What the apps stand on, started here or given by the environment. */
export interface Infrastructure {
  /** Settings of every app that follow from it. */
  env: Record<string, string>;
  databaseUrl: string;
  broker: 'postgres' | 'kafka';
  /** Kafka first, then PostgreSQL. */
  stop(): Promise<void>;
  /** At once; data that was committed stays. */
  kill(): void;
}

interface Part {
  env: Record<string, string>;
  stop(): Promise<void>;
  kill(): void;
}

/** The broker that `BUS_BROKER` names. @throws Error if it is neither */
export function brokerOf(env: NodeJS.ProcessEnv): 'postgres' | 'kafka' {
  const broker = env['BUS_BROKER'] || 'postgres';
  if (broker !== 'postgres' && broker !== 'kafka')
    throw new Error(`BUS_BROKER=${broker}: write postgres or kafka`);
  return broker;
}

/** Starts PostgreSQL unless `DATABASE_URL` is set, and with `BUS_BROKER=kafka` a one-node Kafka unless
 *  `KAFKA_BROKERS` is set.
 *  @throws Error that says what is missing or in the way */
export async function startInfrastructure(
  root: string,
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
  note: (entry: OwnProcess) => void,
): Promise<Infrastructure> {
  const broker = brokerOf(env);
  const started = await Promise.allSettled([
    postgres(root, env, terminal, note),
    broker === 'kafka' ? kafka(root, env, terminal, note) : null,
  ]);
  const parts = started.flatMap((part) => (part.status === 'fulfilled' && part.value ? [part.value] : []));
  const stop = async () => {
    for (const part of [...parts].reverse()) await part.stop();
  };
  const failed = started.find((part) => part.status === 'rejected');
  if (failed) {
    await stop(); // what did start goes, so that nothing is left behind
    throw failed.reason;
  }
  const settings: Record<string, string> = Object.assign(
    { BUS_BROKER: broker },
    ...parts.map((part) => part.env),
  );
  return {
    env: settings,
    databaseUrl: settings['DATABASE_URL'] as string,
    broker,
    stop,
    kill: () => parts.forEach((part) => part.kill()),
  };
}

async function postgres(
  root: string,
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
  note: (entry: OwnProcess) => void,
): Promise<Part> {
  const given = env['DATABASE_URL'];
  if (given) return { env: { DATABASE_URL: given }, stop: async () => undefined, kill: () => undefined };
  let part: Part | undefined;
  await terminal.step('Starting PostgreSQL', async () => {
    const server = await startPostgres({ dataDir: join(root, '.data', 'postgres') });
    note({ name: 'PostgreSQL', pid: server.pid, mark: server.dataDir, signal: 'SIGINT' });
    part = {
      env: { DATABASE_URL: server.url, EMBEDDED_POSTGRES_PORT: String(server.port) },
      stop: () => server.stop(),
      kill: () => process.kill(server.pid, 'SIGQUIT'), // its own word for "at once"; SIGKILL would leave its children
    };
    return `PostgreSQL on 127.0.0.1:${server.port}`;
  });
  return part as unknown as Part;
}

async function kafka(
  root: string,
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
  note: (entry: OwnProcess) => void,
): Promise<Part | null> {
  if (env['KAFKA_BROKERS']) return null; // the apps read it themselves
  const availability = kafkaAvailable();
  if (!availability.available) {
    throw new Error(
      `BUS_BROKER=kafka starts a Kafka of its own, for which this machine lacks ${availability.missing}.\n` +
        'Install it (Debian: apt-get install openjdk-17-jre-headless maven), or set KAFKA_BROKERS to a Kafka of yours.',
    );
  }
  let part: Part | undefined;
  await terminal.step('Starting Kafka', async (tell) => {
    const dataDir = join(root, '.data', 'kafka');
    const server = await startKafka({ dataDir, port: KAFKA_PORT, onProgress: tell });
    note({ name: 'Kafka', pid: server.pid, mark: dataDir });
    part = {
      env: { KAFKA_BROKERS: server.brokers, DEV_SINGLE_BROKER: 'true', BUS_REPLICATION: '1' },
      stop: () => server.stop(),
      kill: () => server.kill(),
    };
    return `Kafka on ${server.brokers}`;
  });
  return part as unknown as Part;
}
