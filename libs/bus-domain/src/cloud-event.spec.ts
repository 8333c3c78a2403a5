import { CloudEvent, HTTP } from 'cloudevents';
import type { AcceptContext } from './accept-event';
import {
  acceptCloudEvent,
  isJsonType,
  readBinary,
  readStructured,
  writeBinary,
  writeStructured,
} from './cloud-event';
import type { IncomingEvent } from './incoming-event';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const CONTEXT: AcceptContext = {
  nowMs: Date.parse('2026-03-01T12:00:00.000Z'),
  random: new Uint8Array(16).fill(7),
};
const ATTRIBUTES = { specversion: '1.0', id: 'm-1', source: '/payments', type: 'order.paid' };
const PAID = { orderId: '1001', userId: 'user-7', amountCents: 9900 };
const EVENT: IncomingEvent = {
  eventId: '019ca945-0a00-7790-9c1c-1f0707070707',
  messageId: 'm-1"%',
  source: '/payments',
  type: 'order.paid',
  key: 'Zoë 单',
  payload: JSON.stringify(PAID),
  occurredAt: '2026-03-01T11:00:00.000Z',
  deliverAt: '2026-03-02T00:00:00.000Z',
  traceparent: TRACEPARENT,
};

const structured = (document: unknown) => acceptCloudEvent(readStructured(document), CONTEXT);
const binary = (headers: Record<string, string>, data: unknown = PAID) =>
  acceptCloudEvent(
    readBinary({ 'ce-specversion': '1.0', 'ce-id': 'm', 'ce-source': '/s', ...headers }, data),
    CONTEXT,
  );
const pathsOf = (acceptance: ReturnType<typeof structured>) =>
  'faults' in acceptance ? acceptance.faults.map((fault) => fault.path) : [];

describe(acceptCloudEvent.name, () => {
  const official = new CloudEvent({
    ...ATTRIBUTES,
    time: '2026-03-01T12:00:00.250+01:00',
    subject: 'order 1001',
    partitionkey: 'user-7',
    deliverat: '2026-03-01T13:00:00Z',
    traceparent: TRACEPARENT,
    data: PAID,
  });
  const expected = {
    event: {
      messageId: 'm-1',
      source: '/payments',
      type: 'order.paid',
      key: 'user-7',
      payload: JSON.stringify(PAID),
      occurredAt: '2026-03-01T11:00:00.250Z',
      deliverAt: '2026-03-01T13:00:00.000Z',
      traceparent: TRACEPARENT,
    },
    overdue: false,
  };

  it('takes what the official SDK writes in structured mode', () => {
    const message = HTTP.structured(official);
    expect(message.headers['content-type']).toMatch(/^application\/cloudevents\+json/);
    expect(structured(JSON.parse(message.body as string))).toMatchObject(expected);
  });

  it('takes what the official SDK writes in binary mode', () => {
    const message = HTTP.binary(official);
    const read = readBinary(message.headers as Record<string, string>, JSON.parse(message.body as string));
    expect(acceptCloudEvent(read, CONTEXT)).toMatchObject(expected);
  });

  it('takes the trace of the request where the event has none, and this time where it has none', () => {
    const acceptance = acceptCloudEvent(readStructured({ ...ATTRIBUTES, data: PAID }), {
      ...CONTEXT,
      traceparent: TRACEPARENT,
    });
    expect(acceptance).toMatchObject({
      event: { traceparent: TRACEPARENT, occurredAt: '2026-03-01T12:00:00.000Z', key: null, deliverAt: null },
    });
  });

  it('counts an attribute that is null as unset, but keeps data that is null', () => {
    const document = { ...ATTRIBUTES, type: 'other', time: null, partitionkey: null, data: null };
    expect(structured(document)).toMatchObject({ event: { payload: 'null', key: null } });
  });

  it('allows extensions that it does not know', () => {
    expect(
      structured({ ...ATTRIBUTES, data: PAID, dataschema: '/s', knativearrivaltime: 'x' }),
    ).toHaveProperty('event');
  });

  it('tells all faults at once, by where they stand in the CloudEvent', () => {
    const document = {
      specversion: '0.3',
      time: 'now',
      type: 'order.paid',
      partitionkey: 7,
      deliverat: 'soon',
      datacontenttype: 'text/xml',
      data_base64: 'AA==',
      data: { orderId: 7 },
    };
    expect(pathsOf(structured(document))).toEqual([
      '/data_base64',
      '/specversion',
      '/id',
      '/source',
      '/time',
      '/datacontenttype',
      '/partitionkey',
      '/deliverat',
      '/data/orderId',
      '/data/userId',
    ]);
    expect(structured({ ...ATTRIBUTES, data: {} })).toMatchObject({ code: 'unprocessable' });
  });

  it.each([null, [], 'text', 7])('refuses %j as a whole', (document) => {
    expect(pathsOf(structured(document))).toContain('');
  });

  it('bad-32: wants data', () => {
    expect(pathsOf(structured(ATTRIBUTES))).toEqual(['/data']);
  });

  it('decodes header values once, after unquoting', () => {
    expect(binary({ 'ce-type': 'a', 'ce-partitionkey': 'Euro%20%E2%82%AC%2520' })).toMatchObject({
      event: { key: 'Euro €%20' },
    });
    expect(binary({ 'ce-type': 'a', 'ce-partitionkey': '"a \\"b\\""' })).toMatchObject({
      event: { key: 'a "b"' },
    });
  });

  it.each(['100%', '%ff', 'Zoë', 'a%00b', ''])('bad-43: refuses the header value %j', (value) => {
    expect(pathsOf(binary({ 'ce-type': 'a', 'ce-partitionkey': value }))).toEqual(['/partitionkey']);
  });

  it('bad-27: refuses an id that stood twice: Node joins them with a comma and a space', () => {
    expect(pathsOf(binary({ 'ce-type': 'a', 'ce-id': 'm, n' }))).toEqual(['/id']);
  });
});

describe(writeStructured.name, () => {
  it('writes what the official SDK reads and what it takes itself', () => {
    const document = writeStructured(EVENT);
    const read = HTTP.toEvent({
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify(document),
    }) as CloudEvent<unknown>;
    expect(read).toMatchObject({ id: EVENT.messageId, partitionkey: EVENT.key, data: PAID });
    expect(structured(document)).toMatchObject({
      event: { ...EVENT, eventId: expect.any(String) as string },
    });
  });
});

describe(writeBinary.name, () => {
  it('writes what the official SDK reads and what it takes itself', () => {
    const { headers, body } = writeBinary({ ...EVENT, messageId: 'm-1' });
    const read = HTTP.toEvent({ headers, body }) as CloudEvent<unknown>;
    expect(read).toMatchObject({ id: 'm-1', type: 'order.paid', data: PAID });
    const own = writeBinary(EVENT);
    expect(own.headers['ce-id']).toBe('m-1%22%25');
    expect(acceptCloudEvent(readBinary(own.headers, JSON.parse(own.body)), CONTEXT)).toMatchObject({
      event: { ...EVENT, eventId: expect.any(String) as string },
    });
  });

  it('leaves out what the event has not', () => {
    const bare = { ...EVENT, key: null, deliverAt: null, traceparent: null };
    expect(Object.keys(writeBinary(bare).headers).sort()).toEqual(
      ['ce-id', 'ce-source', 'ce-specversion', 'ce-time', 'ce-type', 'content-type'].sort(),
    );
  });
});

describe(isJsonType.name, () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'text/json', 'application/vnd.order+json'])(
    'takes %s',
    (type) => {
      expect(isJsonType(type)).toBe(true);
    },
  );
  it.each(['text/plain', 'application/jsonp', 'json', '', 7])('refuses %j', (type) => {
    expect(isJsonType(type)).toBe(false);
  });
});
