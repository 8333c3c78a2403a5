import { databaseSettings } from './app-settings';
import { brokerOptionsOf, brokerSettings } from './broker-settings';
import { readSettings } from './env-reader';
import { z } from 'zod';

const schema = z.object({ ...brokerSettings.shape, ...databaseSettings.shape });
const options = (env: NodeJS.ProcessEnv) => brokerOptionsOf(readSettings(schema, env));

describe(brokerOptionsOf.name, () => {
  it('logs to the embedded PostgreSQL by default', () => {
    expect(options({})).toEqual({
      broker: 'postgres',
      databaseUrl: 'postgres://bus@127.0.0.1:54329/bus',
      kafkaBrokers: ['127.0.0.1:9092'],
      topic: 'bus.events.v1',
      partitions: 12,
      replication: 3,
      devSingleBroker: false,
    });
  });

  it('takes several Kafka nodes, and one copy where a single node is allowed', () => {
    const env = { BUS_BROKER: 'kafka', KAFKA_BROKERS: 'a:9092,b:9093', DEV_SINGLE_BROKER: 'true' };
    expect(options(env)).toMatchObject({
      broker: 'kafka',
      kafkaBrokers: ['a:9092', 'b:9093'],
      replication: 1,
      devSingleBroker: true,
    });
  });

  it('names all wrong settings at once', () => {
    const env = { BUS_BROKER: 'rabbit', KAFKA_BROKERS: 'a', BUS_TOPIC: 'a b', BUS_PARTITIONS: '0' };
    expect(() => options(env)).toThrow(/BUS_BROKER[\s\S]*KAFKA_BROKERS[\s\S]*BUS_TOPIC[\s\S]*BUS_PARTITIONS/);
  });
});
