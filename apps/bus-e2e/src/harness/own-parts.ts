import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type RunningPostgres } from '@bus/embedded-postgres';
import { kafkaAvailable, startKafka } from '@bus/kafka-dev';
import type { Terminal } from '@bus/local-bus';
import { freePort } from './free-port';

/** What a bus of its own stands on: a real PostgreSQL and, where asked for, a real Kafka, on data of their own. */
export interface OwnParts {
  dataDir: string;
  databaseUrl: string;
  /** Settings of every app that follow from it. */
  env: Record<string, string>;
  /** Takes PostgreSQL away; its data stays. */
  stopPostgres(): Promise<void>;
  /** On the same port and data as before. */
  startPostgres(): Promise<void>;
  /** Ends every process and removes the data. */
  stop(): Promise<void>;
}

/** @throws Error that names what is missing; nothing is left behind then */
export async function startOwnParts(withKafka: boolean, terminal: Terminal): Promise<OwnParts> {
  const dataDir = mkdtempSync(join(tmpdir(), 'omnibus-e2e-'));
  chmodSync(dataDir, 0o755); // PostgreSQL runs as another user where this one is root
  const closing: (() => Promise<unknown>)[] = [async () => rmSync(dataDir, { recursive: true, force: true })];
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const port = await freePort();
    const start = () => startPostgres({ dataDir: join(dataDir, 'postgres'), port, durable: true });
    let postgres: RunningPostgres | undefined;
    closing.push(async () => postgres?.stop());
    await terminal.step('Starting PostgreSQL', async () => {
      postgres = await start();
      return `PostgreSQL on 127.0.0.1:${port}`;
    });
    const databaseUrl = (postgres as unknown as RunningPostgres).url;
    const env: Record<string, string> = { DATABASE_URL: databaseUrl };
    if (withKafka) {
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
    return {
      dataDir,
      databaseUrl,
      env,
      stopPostgres: async () => {
        await postgres?.stop();
        postgres = undefined;
      },
      startPostgres: async () => {
        postgres = await start();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
