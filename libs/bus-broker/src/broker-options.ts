/** Where a broker adapter reports what it does by itself (reconnects, rebalances). Never gets record values. */
export type BrokerLogger = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  details?: Record<string, unknown>,
) => void;

export const silent: BrokerLogger = () => undefined;

/** How to reach the log; the same for its publishers and subscribers. */
export interface BrokerOptions {
  broker: 'postgres' | 'kafka';
  /** With `broker: 'postgres'`. */
  databaseUrl?: string;
  /** With `broker: 'kafka'`: `host:port`, at least one. */
  kafkaBrokers?: readonly string[];
  /** Kafka's topic. Default `bus.events.v1`. */
  topic?: string;
  /** Of the log; keys are spread over them by murmur2. Default 12. */
  partitions?: number;
  /** Copies of each Kafka partition, made by `ensureLog`. Default 3; 1 with `devSingleBroker`. */
  replication?: number;
  /** Takes a one-node Kafka, whose log is as durable as that node. Default false. */
  devSingleBroker?: boolean;
  /** Names this process to the broker. Default `omnibus`. */
  clientId?: string;
  /** Kafka's consumer group. Default `bus-consumer.<topic>`. */
  groupId?: string;
  /** Connections of a Postgres subscriber. Default 2. */
  poolSize?: number;
  /** Default: nothing is logged. */
  logger?: BrokerLogger;
}

export const DEFAULT_TOPIC = 'bus.events.v1';
export const DEFAULT_PARTITIONS = 12;

/** Records of one batch, whatever the adapter: the knee of Postgres's insert rate. */
export const BATCH_RECORDS = 500;
/** Bytes of one send, and of one record: protects the broker's request size. */
export const BATCH_BYTES = 1024 * 1024;
/** A publish is answered within this time, whatever happened. */
export const ANSWER_WITHIN_MS = 4_500;
