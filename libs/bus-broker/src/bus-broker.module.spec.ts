import { Test } from '@nestjs/testing';
import { BrokerPublisher } from './broker-publisher';
import { BrokerSubscriber } from './broker-subscriber';
import { BusBrokerModule } from './bus-broker.module';
import { KafkaPublisher } from './kafka/kafka-publisher';
import { KafkaSubscriber } from './kafka/kafka-subscriber';
import { PostgresPublisher } from './postgres/postgres-publisher';
import { PostgresSubscriber } from './postgres/postgres-subscriber';

const POSTGRES = { broker: 'postgres', databaseUrl: 'postgres://bus@127.0.0.1:1/bus' } as const;
const KAFKA = { broker: 'kafka', kafkaBrokers: ['127.0.0.1:1'] } as const;

describe(BusBrokerModule, () => {
  it.each([
    [POSTGRES, PostgresPublisher, PostgresSubscriber],
    [KAFKA, KafkaPublisher, KafkaSubscriber],
  ])('binds the ports to the adapter of %o, without connecting', async (options, publisher, subscriber) => {
    const module = await Test.createTestingModule({
      imports: [BusBrokerModule.forConsumer(options)],
    }).compile();
    expect(module.get(BrokerPublisher)).toBeInstanceOf(publisher);
    expect(module.get(BrokerSubscriber)).toBeInstanceOf(subscriber);
  });

  it('gives a publishing app no subscriber', async () => {
    const module = await Test.createTestingModule({ imports: [BusBrokerModule.forRoot(POSTGRES)] }).compile();
    expect(module.get(BrokerPublisher)).toBeInstanceOf(PostgresPublisher);
    expect(() => module.get(BrokerSubscriber)).toThrow('Nest could not find BrokerSubscriber');
  });

  it('names the setting that is missing', async () => {
    const compile = (options: { broker: 'postgres' | 'kafka' }) =>
      Test.createTestingModule({ imports: [BusBrokerModule.forRoot(options)] }).compile();
    await expect(compile({ broker: 'kafka' })).rejects.toThrow('set KAFKA_BROKERS');
    await expect(compile({ broker: 'postgres' })).rejects.toThrow('set DATABASE_URL');
  });
});
