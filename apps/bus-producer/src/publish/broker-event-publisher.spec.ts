import { BrokerPublisher, type PublishResult } from '@bus/broker';
import supertest from 'supertest';
import { type RunningProducer, startProducer } from '../testing/start-producer';
import { BrokerEventPublisher } from './broker-event-publisher';
import { StoreHints } from './store-hints';

const EVENT = { messageId: 'm-1', source: 's', type: 'any.type', payload: {} };
const CAUSE = new Error('CANARY');

/** A broker that answers as told. */
class ToldPublisher extends BrokerPublisher {
  next: PublishResult[] = [];
  publish = (): Promise<PublishResult[]> => Promise.resolve(this.next);
  start = (): Promise<void> => Promise.resolve();
  check = (): Promise<void> => Promise.resolve();
  stop = (): Promise<void> => Promise.resolve();
}

const ACCEPTED: PublishResult = { outcome: 'accepted', partition: 0, offset: 0n };
const REFUSED: PublishResult = { outcome: 'refused', code: 'too_large', cause: CAUSE };
const NOT_ACCEPTED: PublishResult = { outcome: 'not_accepted', cause: CAUSE };
const UNKNOWN: PublishResult = { outcome: 'unknown', cause: CAUSE };

describe(BrokerEventPublisher.name, () => {
  const broker = new ToldPublisher();
  let producer: RunningProducer;

  beforeAll(async () => {
    producer = await startProducer({ publisher: broker, publish: { refuseUnknownTypes: true } });
  });
  beforeEach(() => {
    const hints = producer.app.get(StoreHints, { strict: false });
    Object.assign(hints, { knownTypes: undefined, orderedTypes: undefined, databaseOffsetMs: 0 });
  });
  afterAll(() => producer.stop());

  const publish = (results: PublishResult[], event: object = EVENT) => {
    broker.next = results;
    return supertest(producer.url).post('/v1/events').send(event);
  };
  const publishBatch = (results: PublishResult[], events = results.map(() => EVENT as object)) => {
    broker.next = results;
    return supertest(producer.url).post('/v1/events/batch').send({ events });
  };

  it.each([
    ['bad-50', NOT_ACCEPTED, 503, 'unavailable', 'not_accepted'],
    ['bad-50', UNKNOWN, 503, 'unavailable', 'unknown'],
    ['bad-51', REFUSED, 413, 'too_large', 'not_accepted'],
  ])('%s: tells what the broker is known to have done: %j', async (_, result, status, code, outcome) => {
    const answer = await publish([result]).expect(status);
    expect(answer.body).toMatchObject({ error: { code, outcome, faults: [] } });
    expect(answer.text).not.toContain('CANARY');
    expect(await producer.metrics()).toContain(`bus_publish_refused_total{code="${code}",entry="http"}`);
  });

  it('tells the outcome of each event of a batch', async () => {
    const { body } = await publishBatch([ACCEPTED, UNKNOWN, REFUSED, NOT_ACCEPTED]).expect(202);
    expect(body).toMatchObject({
      results: [
        { status: 'accepted' },
        { status: 'refused', error: { code: 'unavailable', outcome: 'unknown' } },
        { status: 'refused', error: { code: 'too_large', outcome: 'not_accepted' } },
        { status: 'refused', error: { code: 'unavailable', outcome: 'not_accepted' } },
      ],
    });
  });

  it('bad-50: answers 503 to a batch of which the broker took nothing, unknown if anything may have arrived', async () => {
    const some = await publishBatch([NOT_ACCEPTED, UNKNOWN]).expect(503);
    expect(some.body).toMatchObject({ error: { outcome: 'unknown' } });
    const none = await publishBatch([NOT_ACCEPTED, NOT_ACCEPTED]).expect(503);
    expect(none.body).toMatchObject({ error: { outcome: 'not_accepted' } });
    await publishBatch([NOT_ACCEPTED], [EVENT, {}]).expect(202);
  });

  it('bad-30: refuses unknown types only while it knows the known ones', async () => {
    await publish([ACCEPTED]).expect(202);
    producer.app.get(StoreHints, { strict: false }).knownTypes = new Set(['order.paid']);
    const answer = await publish([ACCEPTED]).expect(422);
    expect(answer.body).toMatchObject({ error: { code: 'unprocessable', faults: [{ path: '/type' }] } });
  });

  it('bad-44: wants a key where it knows of an ordered operation', async () => {
    producer.app.get(StoreHints, { strict: false }).orderedTypes = new Set(['any.type']);
    const answer = await publish([ACCEPTED]).expect(422);
    expect(answer.body).toMatchObject({ error: { code: 'unprocessable', faults: [{ path: '/key' }] } });
    await publish([ACCEPTED], { ...EVENT, key: 'k' }).expect(202);
  });

  it('counts no delay before it knows the clock of the database; a time that was given needs none', async () => {
    producer.app.get(StoreHints, { strict: false }).databaseOffsetMs = null;
    const answer = await publish([ACCEPTED], { ...EVENT, delayMs: 1000 }).expect(503);
    expect(answer.body).toMatchObject({ error: { code: 'unavailable', outcome: 'not_accepted' } });
    expect(answer.text).toContain('deliverAt');
    await publish([ACCEPTED], { ...EVENT, deliverAt: '2026-01-02T03:04:05Z' }).expect(202);
    await publish([ACCEPTED], { ...EVENT, delayMs: 0 }).expect(202);
    const { body } = await publishBatch([ACCEPTED], [{ ...EVENT, delayMs: 1000 }, EVENT]).expect(202);
    expect(body).toMatchObject({
      results: [
        { status: 'refused', error: { code: 'unavailable', outcome: 'not_accepted' } },
        { status: 'accepted' },
      ],
    });
  });

  it('publishes from within the process too', async () => {
    broker.next = [ACCEPTED];
    const publisher = producer.app.get(BrokerEventPublisher, { strict: false });
    await expect(publisher.publish(EVENT)).resolves.toMatchObject({ messageId: 'm-1', status: 'accepted' });
    await expect(publisher.publish({})).rejects.toMatchObject({ code: 'invalid' });
    expect(await producer.metrics()).toContain('bus_publish_total{outcome="accepted",entry="local"} 1');
  });
});
