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

  it('keeps history for 30 days, and mirrors dead letters only where a topic is named', () => {
    expect(readConfig({})).toMatchObject({ retentionDays: 30, deadLetterMirror: null });
    expect(() => readConfig({ RETENTION_DAYS: '0' })).toThrow('RETENTION_DAYS');
    const kafka = { BUS_BROKER: 'kafka', KAFKA_BROKERS: 'a:9092' };
    expect(readConfig({ ...kafka, BUS_DEAD_LETTER_TOPIC: 'dead.v1' })).toMatchObject({
      broker: { topic: 'bus.events.v1' },
      deadLetterMirror: { broker: 'kafka', kafkaBrokers: ['a:9092'], topic: 'dead.v1' },
    });
    expect(() => readConfig({ ...kafka, BUS_DEAD_LETTER_TOPIC: 'bus.events.v1' })).toThrow(
      'it is the topic of events',
    );
  });

  it('refuses a topic of dead letters with the Postgres broker, which has one log', () => {
    expect(() => readConfig({ BUS_DEAD_LETTER_TOPIC: 'dead.v1' })).toThrow(
      'BUS_DEAD_LETTER_TOPIC: the Postgres broker has one log only, of events; unset it, or set BUS_BROKER=kafka',
    );
  });
});
