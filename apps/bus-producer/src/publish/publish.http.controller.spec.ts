import { LIMITS } from '@bus/contracts';
import { gzipSync } from 'node:zlib';
import supertest from 'supertest';
import { type RunningProducer, startProducer } from '../testing/start-producer';
import { PublishHttpController } from './publish.http.controller';

const PAID = { orderId: '1001', userId: 'user-7', amountCents: 9900 };
const EVENT = { messageId: 'm-1', source: 'payments', type: 'order.paid', key: 'user-7', payload: PAID };
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe(PublishHttpController.name, () => {
  let producer: RunningProducer;

  beforeAll(async () => {
    producer = await startProducer();
  });
  beforeEach(() => producer.broker.recreate());
  afterAll(() => producer.stop());

  const post = (body: string | object, headers: Record<string, string> = {}) =>
    supertest(producer.url)
      .post('/v1/events')
      .set({ 'content-type': 'application/json', ...headers })
      .send(typeof body === 'string' ? body : JSON.stringify(body));
  const withPayload = (json: string) => `{"type":"other.type","payload":${json}}`;
  const refused = async (status: number, body: string | object, headers: Record<string, string> = {}) => {
    const answer = await post(body, headers).expect(status);
    expect(answer.body).toMatchObject({ error: { outcome: 'not_accepted' } });
    expect(producer.published()).toEqual([]);
    const { error } = answer.body as { error: { code: string; faults: { path: string }[] } };
    return { code: error.code, paths: error.faults.map((fault) => fault.path) };
  };

  it('answers once the broker has the event', async () => {
    const answer = await post(EVENT).expect(202).expect('content-type', /json/);
    expect(answer.body).toEqual({
      messageId: 'm-1',
      source: 'payments',
      eventId: expect.stringMatching(UUID_V7) as string,
      status: 'accepted',
    });
    const [event] = producer.published();
    expect(event).toMatchObject({ ...EVENT, payload: JSON.stringify(PAID), deliverAt: null });
    expect(event.eventId).toBe((answer.body as { eventId: string }).eventId);
  });

  it('carries the trace of the request into the record, and begins one where there is none', async () => {
    await post(EVENT, { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }).expect(202);
    await post({ ...EVENT, messageId: 'm-2' }).expect(202);
    const traces = producer.published().map((event) => event.traceparent);
    expect(traces).toHaveLength(2);
    expect(traces.filter((trace) => trace?.startsWith('00-4bf92f3577b34da6a3ce929d0e0e4736-'))).toHaveLength(
      1,
    );
    for (const trace of traces) expect(trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it('counts by outcome, code and entry, without ids', async () => {
    await post(EVENT).expect(202);
    await post({ ...EVENT, type: '' }).expect(400);
    const text = await producer.metrics();
    expect(text).toMatch(/bus_publish_total\{outcome="accepted",entry="http"\} [1-9]/);
    expect(text).toMatch(/bus_publish_total\{outcome="refused",entry="http"\} [1-9]/);
    expect(text).toMatch(/bus_publish_refused_total\{code="invalid",entry="http"\} [1-9]/);
    expect(text).toMatch(/bus_publish_duration_seconds_count\{entry="http"\} [1-9]/);
    expect(text).not.toContain('m-1');
  });

  it('bad-24: makes and returns a message id', async () => {
    const { body } = await post({ ...EVENT, messageId: undefined }).expect(202);
    expect(body).toMatchObject({ messageId: expect.stringMatching(UUID_V7) as string });
  });

  it.each([
    ['bad-25', { messageId: '' }, '/messageId'],
    ['bad-26', { messageId: 'm'.repeat(129) }, '/messageId'],
    ['bad-27', { messageId: 'é 😀' }, '/messageId'],
    ['bad-28', { messageId: 7 }, '/messageId'],
    ['bad-29', { type: undefined }, '/type'],
    ['bad-29', { type: '1' }, '/type'],
    ['bad-32', { payload: undefined }, '/payload'],
    ['bad-43', { key: 'k'.repeat(257) }, '/key'],
    ['bad-43', { key: 7 }, '/key'],
    ['bad-45', { delayMs: -1 }, '/delayMs'],
    ['bad-45', { delayMs: 1.5 }, '/delayMs'],
    ['bad-45', { delayMs: '1' }, '/delayMs'],
    ['bad-45', { delayMs: LIMITS.delayMs + 1 }, '/delayMs'],
    ['bad-46', { delayMs: 1, deliverAt: '2026-01-01T00:00:00Z' }, '/deliverAt'],
    ['bad-47', { extra: 1 }, '/extra'],
  ])('%s: answers 400 to %j', async (_, over, path) => {
    expect(await refused(400, { ...EVENT, ...over })).toEqual({ code: 'invalid', paths: [path] });
  });

  it('bad-30: takes a type that nobody knows', async () => {
    await post({ type: 'no.operation', payload: {} }).expect(202);
  });

  it('bad-33, bad-54: answers 422 with paths only where the payload does not fit its type', async () => {
    expect(await refused(422, { ...EVENT, payload: 'CANARY' })).toEqual({
      code: 'unprocessable',
      paths: ['/payload'],
    });
    const answer = await post({ ...EVENT, payload: { ...PAID, amountCents: 'CANARY' } }).expect(422);
    expect(answer.body).toMatchObject({ error: { faults: [{ path: '/payload/amountCents' }] } });
    expect(answer.text).not.toContain('CANARY');
  });

  it('bad-34: answers 413 to an event over 256 KB and to a body over 1 MB', async () => {
    const over = { type: 'other.type', payload: 'x'.repeat(LIMITS.payloadBytes) };
    expect(await refused(413, over)).toEqual({ code: 'too_large', paths: ['/payload'] });
    expect(await refused(413, withPayload(`"${'x'.repeat(LIMITS.batchBytes)}"`))).toMatchObject({
      code: 'too_large',
    });
  });

  it.each([
    ['bad-35', '['.repeat(33) + ']'.repeat(33), `/payload${'/0'.repeat(32)}`],
    ['bad-36', `[${Array(10_001).fill(0).join()}]`, '/payload'],
    ['bad-37', '{"a":"\\u0000"}', '/payload/a'],
    ['bad-38', '{"a":"\\ud83d"}', '/payload/a'],
    ['bad-39', '{"__proto__":{}}', '/payload/__proto__'],
    ['bad-39', '{"constructor":{}}', '/payload/constructor'],
    ['bad-40', '{"a":1,"a":2}', '/payload/a'],
    ['bad-41', '{"n":9007199254740993}', '/payload/n'],
    ['bad-42', '{"n":1e999}', '/payload/n'],
  ])('%s: answers 400 with its path', async (_, payload, path) => {
    expect(await refused(400, withPayload(payload))).toEqual({ code: 'invalid', paths: [path] });
  });

  it('bad-42, bad-57: answers 400 to what is no JSON', async () => {
    for (const body of [withPayload('NaN'), '{', '', 'null', '"text"', '[]', '\u0000'])
      expect((await refused(400, body)).code).toBe('invalid');
  });

  it('bad-13: answers 400 to invalid UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"type":"a","payload":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}'),
    ]);
    const answer = await supertest(producer.url)
      .post('/v1/events')
      .set('content-type', 'application/json')
      .serialize(() => bytes as never)
      .send({});
    expect(answer.status).toBe(400);
    expect(producer.published()).toEqual([]);
  });

  it('tells faults of the text and of the event in one answer', async () => {
    const body = '{"messageId":"","type":"a","type":"b","payload":{"n":1e999}}';
    expect((await refused(400, body)).paths).toEqual(['/type', '/payload/n', '/messageId']);
  });

  it('bad-46: takes a time that is past and counts it', async () => {
    await post({ ...EVENT, deliverAt: '2020-01-01T00:00:00Z' }).expect(202);
    expect(await producer.metrics()).toMatch(/bus_publish_overdue_total [1-9]/);
  });

  it('bad-48: accepts the same message each time', async () => {
    await post(EVENT).expect(202);
    await post(EVENT).expect(202);
    expect(producer.published()).toHaveLength(2);
  });

  it('bad-55: answers 415 to what is not JSON', async () => {
    for (const type of [
      'text/plain',
      'application/xml',
      'application/cloudevents-batch+json',
      'multipart/form-data',
    ])
      expect((await refused(415, EVENT, { 'content-type': type })).code).toBe('unsupported_type');
    const none = await supertest(producer.url).post('/v1/events').expect(415);
    expect(none.body).toMatchObject({ error: { code: 'unsupported_type' } });
  });

  it('bad-56: takes gzip, and answers 413 to a gzip bomb', async () => {
    const send = (text: string) =>
      supertest(producer.url)
        .post('/v1/events')
        .set({ 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .serialize(() => gzipSync(text) as never)
        .send({});
    expect((await send(withPayload(`"${' '.repeat(50_000_000)}"`))).status).toBe(413);
    expect((await send(JSON.stringify(EVENT))).status).toBe(202);
  });

  it('bad-61: answers 405 to other methods and says which there are', async () => {
    const put = await supertest(producer.url).put('/v1/events').send(EVENT).expect(405);
    expect(put.headers.allow).toBe('POST');
    expect(put.body).toMatchObject({ error: { code: 'method_not_allowed', outcome: 'not_accepted' } });
  });

  it('serves the next good request after every bad one', async () => {
    await post('{"'.repeat(1000)).expect(400);
    await post(EVENT).expect(202);
  });
});
