import { SettingsError } from '@bus/app-shell';
import { readConfig } from './bus-consumer.config';

describe(readConfig, () => {
  it('needs nothing: the defaults are one machine', () => {
    expect(readConfig({})).toMatchObject({
      httpPort: 4020,
      host: '127.0.0.1',
      databaseUrl: 'postgres://bus@127.0.0.1:54329/bus',
      databasePool: 6,
      broker: { broker: 'postgres', partitions: 12 },
      logKeepMs: 24 * 3_600_000,
    });
  });

  it('leaves the log of Kafka to Kafka', () => {
    expect(readConfig({ BUS_BROKER: 'kafka', KAFKA_BROKERS: 'a:9092,b:9092' })).toMatchObject({
      broker: { broker: 'kafka', kafkaBrokers: ['a:9092', 'b:9092'] },
      logKeepMs: null,
    });
  });

  it('names every wrong setting at once', () => {
    const faults = () => readConfig({ HTTP_PORT: 'x', DATABASE_POOL: '0', BUS_LOG_KEEP_HOURS: '-1' });
    expect(faults).toThrow(SettingsError);
    expect(faults).toThrow(/HTTP_PORT[^]*DATABASE_POOL[^]*BUS_LOG_KEEP_HOURS|DATABASE_POOL[^]*HTTP_PORT/);
  });
});
