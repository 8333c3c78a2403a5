import { BrokerPublisher, type PublishResult } from '@bus/broker';
import supertest from 'supertest';
import { type RunningProducer, startProducer } from '../testing/start-producer';
import { PublishModule } from './publish.module';

const EVENT = { messageId: 'm-1', source: 'payments', type: 'any.type', payload: {} };

describe(PublishModule.name, () => {
  let producer: RunningProducer;

  beforeEach(async () => {
    producer = await startProducer();
  });
  afterEach(() => producer.stop());

  it('publishes with nothing but a broker: no store is bound', async () => {
    await supertest(producer.url).post('/v1/events').send(EVENT).expect(202);
    expect(producer.published()).toHaveLength(1);
    await supertest(producer.url).get('/v1/events/payments/m-1').expect(404);
  });

  it('is ready while the broker answers', async () => {
    await supertest(producer.url).get('/health/ready').expect(200);
    producer.broker.goAway();
    const away = await supertest(producer.url).get('/health/ready').expect(503);
    expect(away.body).toMatchObject({ error: { broker: { status: 'down' } } });
    await supertest(producer.url).get('/health/live').expect(200);
    producer.broker.comeBack();
    await supertest(producer.url).get('/health/ready').expect(200);
  });

  it('stops the publisher once, after what is under way', async () => {
    let stops = 0;
    class CountedPublisher extends BrokerPublisher {
      publish = (): Promise<PublishResult[]> => Promise.resolve([]);
      start = (): Promise<void> => Promise.resolve();
      check = (): Promise<void> => Promise.resolve();
      stop(): Promise<void> {
        stops += 1;
        return Promise.resolve();
      }
    }
    const other = await startProducer({ publisher: new CountedPublisher() });
    await other.stop();
    expect(stops).toBe(1);
  });
});
