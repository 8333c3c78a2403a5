import { CloudEvent, emitterFor, type Headers, HTTP, Mode } from 'cloudevents';
import supertest from 'supertest';
import { type RunningProducer, startProducer } from '../testing/start-producer';
import { PublishHttpController } from './publish.http.controller';

const PAID = { orderId: '1001', userId: 'user-7', amountCents: 9900 };
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const official = new CloudEvent({
  id: 'm-1',
  source: '/payments',
  type: 'order.paid',
  time: '2026-03-01T12:00:00.250Z',
  partitionkey: 'user-7',
  deliverat: '2026-03-01T13:00:00Z',
  traceparent: TRACEPARENT,
  data: PAID,
});
const STORED = {
  messageId: 'm-1',
  source: '/payments',
  type: 'order.paid',
  key: 'user-7',
  payload: JSON.stringify(PAID),
  occurredAt: '2026-03-01T12:00:00.250Z',
  deliverAt: '2026-03-01T13:00:00.000Z',
  traceparent: TRACEPARENT,
};

describe(`${PublishHttpController.name}, CloudEvents`, () => {
  let producer: RunningProducer;

  beforeAll(async () => {
    producer = await startProducer();
  });
  beforeEach(() => producer.broker.recreate());
  afterAll(() => producer.stop());

  const post = (headers: Record<string, string>, body: string) =>
    supertest(producer.url).post('/v1/events').set(headers).send(body);

  it.each([Mode.BINARY, Mode.STRUCTURED])('takes what the official SDK emits in %s mode', async (mode) => {
    const emit = emitterFor(
      async ({ headers, body }: { headers: Headers; body: unknown }) => {
        const answer = await post(headers as Record<string, string>, body as string).expect(202);
        expect(answer.body).toMatchObject({ messageId: 'm-1', source: '/payments', status: 'accepted' });
      },
      { binding: HTTP, mode } as never,
    );
    await emit(official);
    expect(producer.published()).toMatchObject([STORED]);
  });

  it('takes any JSON value as data in binary mode', async () => {
    const headers = {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-source': '/s',
      'ce-type': 't',
    };
    for (const data of ['5', '"text"', 'null', '[]'])
      await post({ ...headers, 'ce-id': `m${data.length}` }, data).expect(202);
    expect(
      producer
        .published()
        .map(({ payload }) => payload)
        .sort(),
    ).toEqual(['"text"', '5', '[]', 'null']);
  });

  it('tells all faults at once, by where they stand in the structured form', async () => {
    const structured = await post(
      { 'content-type': 'application/cloudevents+json' },
      '{"specversion":"0.3","id":"","source":"/s","type":"order.paid","data":{"orderId":"\\u0000","n":1,"n":2}}',
    ).expect(400);
    expect(pathsOf(structured.body)).toEqual([
      '/data/orderId',
      '/data/n',
      '/specversion',
      '/id',
      '/data/userId',
      '/data/amountCents',
    ]);
    const binary = await post(
      {
        'content-type': 'application/json',
        'ce-id': 'm',
        'ce-source': '/s',
        'ce-type': 't',
        'ce-partitionkey': '%',
      },
      '{"a":1e999}',
    ).expect(400);
    expect(pathsOf(binary.body)).toEqual(['/data/a', '/partitionkey', '/specversion']);
    expect(producer.published()).toEqual([]);
  });

  it('bad-55: answers 415 where the data of a CloudEvent is not JSON', async () => {
    const headers = { 'ce-specversion': '1.0', 'ce-id': 'm', 'ce-source': '/s', 'ce-type': 't' };
    await post({ ...headers, 'content-type': 'text/plain' }, 'text').expect(415);
    await post({ ...headers, 'content-type': 'application/cloudevents-batch+json' }, '[]').expect(415);
  });
});

function pathsOf(body: unknown): string[] {
  return (body as { error: { faults: { path: string }[] } }).error.faults.map(({ path }) => path);
}
