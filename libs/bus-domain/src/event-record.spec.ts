import { LIMITS } from '@bus/contracts';
import { CloudEvent, Kafka } from 'cloudevents';
import fc from 'fast-check';
import { contentHash } from './content-hash';
import { eventIdTimeMs, identityOf, newEventId } from './event-id';
import { type DecodedRecord, decodeRecord, encodeRecord, type FaultyRecord } from './event-record';
import type { IncomingEvent, IncomingRecord, OutgoingRecord } from './incoming-event';
import { scanJson } from './scan-json';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const DAY_MS = 86_400_000;
const CONTEXT = { logId: 'kafka:cluster/bus.events.v1' };
const EVENT: IncomingEvent = {
  eventId: newEventId({ nowMs: NOW, random: new Uint8Array(16).fill(7) }),
  source: 'urn:payments/eu',
  messageId: 'order-1001-paid',
  type: 'order.paid',
  key: 'user-7',
  payload: '{"orderId":"1001","name":"李"}',
  occurredAt: '2026-03-01T11:59:59.500Z',
  deliverAt: '2026-03-01T12:30:00.000Z',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
};

/** As a broker hands it on. */
function delivered(record: OutgoingRecord, over: Partial<IncomingRecord> = {}): IncomingRecord {
  return {
    partition: 3,
    offset: 41n,
    key: Buffer.from(record.key),
    value: record.value,
    headers: Object.entries(record.headers).map(([name, value]) => [name, Buffer.from(value)] as const),
    appendedAt: new Date(NOW),
    ...over,
  };
}

/** A record of EVENT with some headers replaced, or left out (`null`). */
function withHeaders(changes: Record<string, string | Buffer | null>, over: Partial<IncomingRecord> = {}) {
  const record = delivered(encodeRecord(EVENT), over);
  const kept = record.headers.filter(([name]) => !(name in changes));
  const added = Object.entries(changes).flatMap(([name, value]) =>
    value === null ? [] : [[name, Buffer.from(value as string)] as const],
  );
  return { ...record, headers: [...kept, ...added] };
}

const decode = (record: IncomingRecord) => decodeRecord(record, CONTEXT) as DecodedRecord;
const faultOf = (record: IncomingRecord) => (decodeRecord(record, CONTEXT) as FaultyRecord).fault;
const withValue = (value: Buffer | string | null) =>
  delivered(encodeRecord(EVENT), { value: typeof value === 'string' ? Buffer.from(value) : value });

describe(encodeRecord.name, () => {
  it('writes a CloudEvent that the official SDK reads', () => {
    const record = encodeRecord(EVENT);
    const read = Kafka.toEvent({
      headers: record.headers,
      key: record.key,
      value: record.value.toString(),
      body: record.value.toString(),
    } as never) as CloudEvent<unknown>;
    expect(read).toMatchObject({
      specversion: '1.0',
      id: EVENT.messageId,
      source: EVENT.source,
      type: EVENT.type,
      time: EVENT.occurredAt,
      partitionkey: EVENT.key,
      deliverat: EVENT.deliverAt,
      eventid: EVENT.eventId,
      data: { orderId: '1001', name: '李' },
    });
  });

  it('takes the message id as record key where the event has no key', () => {
    const record = encodeRecord({ ...EVENT, key: null, deliverAt: null, traceparent: null });
    expect(record.key).toBe(EVENT.messageId);
    expect(Object.keys(record.headers).sort()).toEqual(
      ['ce_eventid', 'ce_id', 'ce_source', 'ce_specversion', 'ce_time', 'ce_type', 'content-type'].sort(),
    );
  });
});

describe(decodeRecord.name, () => {
  it('reads back what encodeRecord wrote', () => {
    fc.assert(
      fc.property(
        fc.record({
          key: fc.constantFrom(null, 'k', '单', EVENT.messageId),
          deliverAt: fc.constantFrom(null, EVENT.deliverAt),
          traceparent: fc.constantFrom(null, EVENT.traceparent),
          payload: fc.jsonValue().map((value) => JSON.stringify(value)),
        }),
        (over) => {
          fc.pre(scanJson(over.payload).length === 0);
          const event = { ...EVENT, ...over };
          expect(decode(delivered(encodeRecord(event)))).toEqual({
            event,
            payload: JSON.parse(over.payload),
            identity: identityOf(event.source, event.messageId),
            contentHash: contentHash(event.type, event.key, event.payload),
          });
        },
      ),
    );
  });

  it('takes every number that publishing takes: JSON.stringify writes exponents anew', () => {
    const exponent = fc.integer({ min: -320, max: 320 });
    fc.assert(
      fc.property(fc.double({ min: -10, max: 10, noNaN: true }), exponent, (digits, scale) => {
        const text = `[${digits.toFixed(3)}e${scale}]`;
        fc.pre(scanJson(text).length === 0);
        const payload = JSON.stringify(JSON.parse(text));
        expect(decode(withValue(payload)).event.payload).toBe(payload);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps the bytes of a foreign payload as they are', () => {
    const text = ' {"b" : 1.50,\n"a":"\\u00e9"} ';
    expect(decode(withValue(text)).event.payload).toBe(text);
  });

  it('reads a record of the official SDK, and derives the event id', () => {
    const cloudEvent = new CloudEvent({
      id: 'm-1',
      source: '/sensors',
      type: 'sensor.read',
      time: '2026-03-01T12:00:00+01:00',
      partitionkey: 'k',
      data: { degrees: 21.5 },
    });
    const message = Kafka.binary(cloudEvent);
    const record = delivered({
      key: message.key as string,
      value: Buffer.from(JSON.stringify({ degrees: 21.5 })),
      headers: Object.fromEntries(
        Object.entries(message.headers as Record<string, string>).filter(([, value]) => value !== undefined),
      ),
    });
    expect(decode(record).event).toMatchObject({
      messageId: 'm-1',
      source: '/sensors',
      type: 'sensor.read',
      key: 'k',
      occurredAt: '2026-03-01T11:00:00.000Z',
      deliverAt: null,
      traceparent: null,
    });
    expect(eventIdTimeMs(decode(record).event.eventId)).toBe(NOW);
  });

  it('takes the append time where a record has no time of its own', () => {
    expect(decode(withHeaders({ ce_time: null })).event.occurredAt).toBe('2026-03-01T12:00:00.000Z');
  });

  it('takes the record key as the key of a foreign record, unless it is the message id', () => {
    const key = (bytes: Buffer | null) =>
      decode(withHeaders({ ce_partitionkey: null }, { key: bytes })).event.key;
    expect(key(Buffer.from('customer-1'))).toBe('customer-1');
    expect(key(Buffer.from(EVENT.messageId))).toBeNull();
    expect(key(Buffer.alloc(0))).toBeNull();
    expect(key(null)).toBeNull();
  });

  it.each([
    ['not a UUID', 'order-1'],
    ['not version 7', '6ba7b810-9dad-41d1-80b4-00c04fd430c8'],
    ['a day too old', newEventId({ nowMs: NOW - DAY_MS - 1, random: new Uint8Array(16) })],
    ['a day too new', newEventId({ nowMs: NOW + DAY_MS + 1, random: new Uint8Array(16) })],
    ['absent', null],
  ])('trap-11: derives the event id where the given one is %s, the same at every redelivery', (_, given) => {
    const record = withHeaders({ ce_eventid: given });
    const { eventId } = decode(record).event;
    expect(eventId).not.toBe(given);
    expect(eventIdTimeMs(eventId)).toBe(NOW);
    expect(decode({ ...record, appendedAt: new Date(NOW) }).event.eventId).toBe(eventId);
    expect(decode({ ...record, offset: 42n }).event.eventId).not.toBe(eventId);
  });

  it('trap-11: believes an event id within a day of the append time', () => {
    const eventId = newEventId({ nowMs: NOW - DAY_MS, random: new Uint8Array(16) });
    expect(decode(withHeaders({ ce_eventid: eventId })).event.eventId).toBe(eventId);
  });

  it('trap-11: refuses a time more than 366 days ahead, with a day for clocks that differ', () => {
    const at = (ms: number) => withHeaders({ ce_deliverat: new Date(NOW + ms).toISOString() });
    expect(faultOf(at(LIMITS.delayMs + DAY_MS + 1))).toBe('bad_attribute');
    expect(decode(at(LIMITS.delayMs + DAY_MS)).event.deliverAt).not.toBeNull();
    expect(faultOf(withHeaders({ ce_deliverat: 'soon' }))).toBe('bad_attribute');
    expect(faultOf(withHeaders({ ce_time: 'now' }))).toBe('bad_attribute');
  });

  it('drops a traceparent that is none', () => {
    expect(decode(withHeaders({ traceparent: 'abc' })).event.traceparent).toBeNull();
  });
});
