import { LIMITS } from '@bus/contracts';
import supertest from 'supertest';
import { type RunningProducer, startProducer } from '../testing/start-producer';
import { PublishHttpController } from './publish.http.controller';

const event = (messageId: string, payload: unknown = {}) => ({ messageId, type: 'other.type', payload });

describe(`${PublishHttpController.name}, batches`, () => {
  let producer: RunningProducer;

  beforeAll(async () => {
    producer = await startProducer();
  });
  beforeEach(() => {
    producer.broker.comeBack();
    producer.broker.recreate();
  });
  afterAll(() => producer.stop());

  const post = (body: string | object) =>
    supertest(producer.url)
      .post('/v1/events/batch')
      .set('content-type', 'application/json')
      .send(typeof body === 'string' ? body : JSON.stringify(body));

  it('answers one result per event, in order', async () => {
    const { body } = await post({ events: [event('a'), event('b'), event('c')] }).expect(202);
    const { results } = body as { results: { status: string; messageId: string }[] };
    expect(results.map(({ messageId, status }) => [messageId, status])).toEqual([
      ['a', 'accepted'],
      ['b', 'accepted'],
      ['c', 'accepted'],
    ]);
    expect(producer.published()).toHaveLength(3);
  });

  it('takes 1,000 events, and none', async () => {
    const events = Array.from({ length: 1000 }, (_, at) => event(`m-${at}`));
    expect((await post({ events }).expect(202)).body).toMatchObject({ results: { length: 1000 } });
    expect((await post({ events: [] }).expect(202)).body).toEqual({ results: [] });
  });

  it('bad-65: answers 413 to 1,001 events', async () => {
    const events = Array.from({ length: 1001 }, (_, at) => event(`m-${at}`));
    expect((await post({ events }).expect(413)).body).toMatchObject({ error: { code: 'too_large' } });
    expect(producer.published()).toEqual([]);
  });

  it('bad-65: a bad event hides no other, whether its text or its fields are bad', async () => {
    const deep = '['.repeat(33) + ']'.repeat(33);
    const texts = [
      JSON.stringify(event('a')),
      '{"messageId":"b","type":"t","payload":{"n":1e999,"n":2}}',
      '{"messageId":"c d","type":"t","payload":{}}',
      `{"messageId":"e","type":"t","payload":${deep}}`,
      '7',
      JSON.stringify(event('f', 'x'.repeat(LIMITS.payloadBytes))),
      JSON.stringify(event('g')),
    ];
    const { body } = await post(`{"events":[${texts.join()}]}`).expect(202);
    const { results } = body as {
      results: { status: string; error?: { code: string; faults: { path: string }[] } }[];
    };
    expect(
      results.map(({ error }) => error && [error.code, ...error.faults.map((fault) => fault.path)]),
    ).toEqual([
      undefined,
      ['invalid', '/events/1/payload/n', '/events/1/payload/n'],
      ['invalid', '/events/2/messageId'],
      ['invalid', `/events/3/payload${'/0'.repeat(32)}`],
      ['invalid', '/events/4'],
      ['too_large', '/events/5/payload'],
      undefined,
    ]);
    expect(producer.published().map(({ messageId }) => messageId)).toEqual(
      expect.arrayContaining(['a', 'g']),
    );
    expect(producer.published()).toHaveLength(2);
  });

  it('finds the fault of the last event behind a thousand others', async () => {
    const bad = '{"type":"t","payload":{"a":1,"a":2}}';
    const { body } = await post(`{"events":[${Array(50).fill(bad).join()}]}`).expect(202);
    const { results } = body as { results: { status: string }[] };
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['refused']));
  });

  it.each([
    ['[]', ['']],
    ['null', ['']],
    ['{}', ['/events']],
    ['{"events":{}}', ['/events']],
    ['{"events":[],"atomic":true}', ['/atomic']],
    ['{"events":[],"events":[]}', ['/events']],
  ])('answers 400 to %s as a whole', async (text, paths) => {
    const { body } = await post(text).expect(400);
    expect((body as { error: { faults: { path: string }[] } }).error.faults.map(({ path }) => path)).toEqual(
      paths,
    );
  });

  it('bad-34: answers 413 to a batch over 1 MB', async () => {
    const events = Array.from({ length: 5 }, (_, at) => event(`m-${at}`, 'x'.repeat(250_000)));
    await post({ events }).expect(413);
    expect(producer.published()).toEqual([]);
  });

  it('bad-55: answers 415 to a batch of CloudEvents', async () => {
    await post({ events: [] }).set('content-type', 'application/cloudevents-batch+json').expect(415);
    await post({ events: [] }).set('content-type', 'application/cloudevents+json').expect(415);
  });
});
