import { z } from 'zod';
import { booleanSetting, integerSetting } from './app-settings';

/** Settings of every app that reaches the broker. Beside them it needs `databaseSettings`: the log may be in Postgres. */
export const brokerSettings = z.object({
  BUS_BROKER: z
    .enum(['postgres', 'kafka'], 'write postgres or kafka')
    .default('postgres')
    .describe('Where events are logged: a table of PostgreSQL, or a Kafka topic'),
  KAFKA_BROKERS: z
    .string()
    .regex(/^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/, 'write host:port, several with commas')
    .default('127.0.0.1:9092')
    .describe('Kafka, host:port with commas between; used with BUS_BROKER=kafka'),
  BUS_TOPIC: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,249}$/, 'write up to 249 letters, digits, dots, underscores or hyphens')
    .default('bus.events.v1')
    .describe('Name of the event log: the Kafka topic'),
  BUS_PARTITIONS: integerSetting({ min: 1, max: 1000 })
    .default(12)
    .describe('Partitions of the event log, on both brokers; keys are spread over them'),
  BUS_REPLICATION: integerSetting({ min: 1, max: 9 })
    .default(3)
    .describe('Copies of each Kafka partition; fewer than 3 are refused without DEV_SINGLE_BROKER=true'),
  DEV_SINGLE_BROKER: booleanSetting(false).describe(
    'true: a one-node Kafka is taken, whose log is as durable as that node',
  ),
});

/** How to reach the broker, as bus-broker takes it. */
export function brokerOptionsOf(settings: z.infer<typeof brokerSettings> & { DATABASE_URL: string }): {
  broker: 'postgres' | 'kafka';
  databaseUrl: string;
  kafkaBrokers: string[];
  topic: string;
  partitions: number;
  replication: number;
  devSingleBroker: boolean;
} {
  return {
    broker: settings.BUS_BROKER,
    databaseUrl: settings.DATABASE_URL,
    kafkaBrokers: settings.KAFKA_BROKERS.split(','),
    topic: settings.BUS_TOPIC,
    partitions: settings.BUS_PARTITIONS,
    replication: settings.DEV_SINGLE_BROKER ? 1 : settings.BUS_REPLICATION,
    devSingleBroker: settings.DEV_SINGLE_BROKER,
  };
}
