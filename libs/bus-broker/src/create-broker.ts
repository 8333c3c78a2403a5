import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { type BrokerOptions, DEFAULT_PARTITIONS, DEFAULT_TOPIC, silent } from './broker-options';
import type { BrokerPublisher } from './broker-publisher';
import type { BrokerSubscriber } from './broker-subscriber';
import { LogSettingsError } from './broker.errors';
import { KafkaAdminLine } from './kafka/kafka-admin-line';
import { KafkaLogEnds } from './kafka/kafka-log-ends';
import { lookAtKafka } from './kafka/look-at-kafka';
import { KafkaPublisher } from './kafka/kafka-publisher';
import { KafkaSpanReader } from './kafka/kafka-span-reader';
import { KafkaSubscriber } from './kafka/kafka-subscriber';
import { checkTopic, createTopic } from './kafka/kafka-topics';
import type { LogEnds } from './log-ends';
import type { LogFinding } from './log-finding';
import type { LogSpanReader } from './log-span-reader';
import { lookAtTables } from './postgres/look-at-tables';
import { createBrokerTables } from './postgres/broker-tables';
import { checkLog, unavailable } from './postgres/postgres-log';
import { PostgresLogEnds } from './postgres/postgres-log-ends';
import { PostgresPublisher } from './postgres/postgres-publisher';
import { PostgresSpanReader } from './postgres/postgres-span-reader';
import { PostgresSubscriber } from './postgres/postgres-subscriber';

const POOL_SIZE = 2;
/** A cluster that starts, or is loaded, answers late: making a topic is done once, and may take its time. */
const MAKE_WITHIN_MS = 60_000;
const MAKE_REQUEST_TIMEOUT_MS = 15_000;
const MAKE_AGAIN_MS = 300;

/** @throws LogSettingsError where an address is missing */
export function createPublisher(options: BrokerOptions): BrokerPublisher {
  return options.broker === 'kafka'
    ? new KafkaPublisher(kafkaOptions(options))
    : new PostgresPublisher(postgresOptions(options));
}

/** @throws LogSettingsError where an address is missing */
export function createSubscriber(options: BrokerOptions): BrokerSubscriber {
  return options.broker === 'kafka'
    ? new KafkaSubscriber(kafkaOptions(options))
    : new PostgresSubscriber({ ...postgresOptions(options), poolSize: options.poolSize ?? POOL_SIZE });
}

/** @throws LogSettingsError where an address is missing */
export function createLogEnds(options: BrokerOptions): LogEnds {
  return options.broker === 'kafka'
    ? new KafkaLogEnds(kafkaOptions(options))
    : new PostgresLogEnds(postgresOptions(options));
}

/** @throws LogSettingsError where an address is missing */
export function createSpanReader(options: BrokerOptions): LogSpanReader {
  return options.broker === 'kafka'
    ? new KafkaSpanReader(kafkaOptions(options))
    : new PostgresSpanReader(postgresOptions(options));
}

/** How each promise of the log stands; changes nothing.
 *  @throws BrokerUnavailableError   @throws LogSettingsError where an address is missing */
export function lookAtLog(options: BrokerOptions): Promise<LogFinding[]> {
  return options.broker === 'kafka'
    ? lookAtKafka(kafkaOptions(options))
    : lookAtTables(postgresOptions(options));
}

/** Makes the log where it is missing (a topic; tables in schema `bus_broker`) and checks what is there.
 *  @returns the log's id   @throws LogSettingsError naming the fix   @throws BrokerUnavailableError */
export async function ensureLog(options: BrokerOptions): Promise<string> {
  return options.broker === 'kafka' ? ensureTopic(options) : ensureTables(options);
}

async function ensureTopic(options: BrokerOptions): Promise<string> {
  const demands = kafkaOptions(options);
  const untilMs = performance.now() + MAKE_WITHIN_MS;
  const line = new KafkaAdminLine({ ...demands, requestTimeoutMs: MAKE_REQUEST_TIMEOUT_MS });
  try {
    for (;;) {
      try {
        return await line.ask(async (admin) => {
          await createTopic(admin, demands);
          return (await checkTopic(admin, demands)).logId;
        }, MAKE_WITHIN_MS);
      } catch (error) {
        if (!isBeingMade(error) || performance.now() > untilMs) throw error;
        await pause(MAKE_AGAIN_MS);
      }
    }
  } finally {
    await line.close();
  }
}

/** A topic that was just made: not every broker knows it yet, or who leads it. */
function isBeingMade(error: unknown): boolean {
  const { type } = ((error as Error).cause ?? {}) as { type?: unknown };
  return type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'LEADER_NOT_AVAILABLE';
}

async function ensureTables(options: BrokerOptions): Promise<string> {
  const { databaseUrl, partitions } = postgresOptions(options);
  const pool = new Pool({ connectionString: databaseUrl, max: 1 });
  try {
    await createBrokerTables(pool, { partitions });
    return await checkLog(pool, partitions);
  } catch (cause) {
    throw unavailable(cause);
  } finally {
    await pool.end();
  }
}

function kafkaOptions(options: BrokerOptions) {
  const { kafkaBrokers, topic = DEFAULT_TOPIC, devSingleBroker = false } = options;
  if (!kafkaBrokers?.length) {
    throw new LogSettingsError({ log: 'BUS_BROKER=kafka', problems: ['set KAFKA_BROKERS to host:port,…'] });
  }
  return {
    ...shared(options),
    brokers: kafkaBrokers,
    topic,
    groupId: options.groupId ?? `bus-consumer.${topic}`,
    replication: options.replication ?? (devSingleBroker ? 1 : 3),
    devSingleBroker,
  };
}

function postgresOptions(options: BrokerOptions) {
  if (!options.databaseUrl) {
    throw new LogSettingsError({ log: 'BUS_BROKER=postgres', problems: ['set DATABASE_URL'] });
  }
  return { ...shared(options), databaseUrl: options.databaseUrl };
}

function shared(options: BrokerOptions) {
  return {
    partitions: options.partitions ?? DEFAULT_PARTITIONS,
    clientId: options.clientId ?? 'omnibus',
    logger: options.logger ?? silent,
  };
}
