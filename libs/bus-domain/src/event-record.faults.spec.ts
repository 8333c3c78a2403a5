import { LIMITS, RECORD_HEADER } from '@bus/contracts';
import fc from 'fast-check';
import { type DecodedRecord, decodeRecord, encodeRecord, type FaultyRecord } from './event-record';
import type { IncomingEvent, IncomingRecord, OutgoingRecord } from './incoming-event';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const CONTEXT = { logId: 'kafka:cluster/bus.events.v1' };
const EVENT: IncomingEvent = {
  eventId: '019ca945-0a00-7790-9c1c-1f0707070707',
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

describe(`${decodeRecord.name}, broken records`, () => {
  it('bad-73: tells a null value', () => {
    expect(faultOf(withValue(null))).toBe('null_value');
  });

  it('bad-74: tells an empty value', () => {
    expect(faultOf(withValue(''))).toBe('empty_value');
  });

  it.each(['{', 'NaN', '\ufeff{}', '{}{}', "{'a':1}", '[01]', ' '])(
    'bad-75: tells that %j is not JSON',
    (value) => {
      expect(faultOf(withValue(value))).toBe('not_json');
    },
  );

  it.each(['{"a":1,"a":2}', '{"n":9007199254740993}', '[1e999]', '{"__proto__":{}}'])(
    'bad-75: takes I-JSON only, since parsing changes %j',
    (value) => {
      expect(faultOf(withValue(value))).toBe('not_json');
    },
  );

  it('bad-76: tells invalid UTF-8 in the value and in the key', () => {
    expect(faultOf(withValue(Buffer.from([0x22, 0xc3, 0x28, 0x22])))).toBe('bad_utf8');
    expect(faultOf(withHeaders({ ce_partitionkey: null }, { key: Buffer.from([0xff]) }))).toBe('bad_utf8');
  });

  it.each([
    ['ce_id', null],
    ['ce_id', ''],
    ['ce_id', 'a b'],
    ['ce_id', 'm'.repeat(129)],
    ['ce_source', null],
    ['ce_source', 'é'],
    ['ce_type', null],
    ['ce_type', '1order'],
  ])('bad-77: tells %s %j', (name, value) => {
    expect(faultOf(withHeaders({ [name]: value }))).toBe('bad_attribute');
  });

  it('bad-77: tells a key that is too long or an empty partition key', () => {
    expect(faultOf(withHeaders({ ce_partitionkey: null }, { key: Buffer.alloc(257, 'k') }))).toBe(
      'bad_attribute',
    );
    expect(faultOf(withHeaders({ ce_partitionkey: '' }, { key: Buffer.alloc(0) }))).toBe('bad_attribute');
  });

  it.each(['{"a":"\\u0000"}', '{"\\u0000":1}', '["\\ud83d"]'])('bad-78: tells bad text in %s', (value) => {
    expect(faultOf(withValue(value))).toBe('bad_text');
  });

  it('bad-78: tells NUL in the key', () => {
    expect(faultOf(withHeaders({ ce_partitionkey: null }, { key: Buffer.from('a\0') }))).toBe('bad_text');
  });

  it('bad-79: tells 100,000 levels', () => {
    expect(faultOf(withValue('['.repeat(100_000) + ']'.repeat(100_000)))).toBe('too_deep');
  });

  it('bad-80: tells a value over size, and one with too many keys', () => {
    expect(faultOf(withValue(`"${'x'.repeat(LIMITS.payloadBytes)}"`))).toBe('too_large');
    expect(faultOf(withValue(`[${Array(10_001).fill(0).join()}]`))).toBe('too_large');
  });

  it.each(['0.3', '1.1', '', null])('bad-81: tells the version %j', (version) => {
    expect(faultOf(withHeaders({ ce_specversion: version }))).toBe('unknown_specversion');
  });

  it('bad-82: takes a type that nobody knows', () => {
    expect(decode(withHeaders({ ce_type: 'no.operation' })).event.type).toBe('no.operation');
  });

  it('bad-83: tells a ce_ header that stands twice with two values', () => {
    const record = delivered(encodeRecord(EVENT));
    const again = (name: string, value: string): IncomingRecord => ({
      ...record,
      headers: [...record.headers, [name, Buffer.from(value)]],
    });
    expect(faultOf(again('ce_id', 'other'))).toBe('repeated_header');
    expect(decode(again('ce_id', EVENT.messageId)).event.messageId).toBe(EVENT.messageId);
    expect(decode(again(RECORD_HEADER.traceParent, 'other')).event.traceparent).toBe(EVENT.traceparent);
  });

  it('bad-84: tells a record key that is not the partition key', () => {
    expect(faultOf(delivered(encodeRecord(EVENT), { key: Buffer.from('other') }))).toBe('key_mismatch');
    expect(faultOf(delivered(encodeRecord(EVENT), { key: null }))).toBe('key_mismatch');
  });

  it('repeats no value in its detail and never throws', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
    const header = fc.tuple(fc.constantFrom(...Object.values(RECORD_HEADER)), bytes);
    const record = fc.record({
      key: fc.option(bytes),
      value: fc.option(fc.oneof(bytes, fc.constant(Buffer.from('CANARY')))),
      headers: fc.array(header),
    });
    fc.assert(
      fc.property(record, (over) => {
        const outcome = decodeRecord(
          { partition: 0, offset: 0n, appendedAt: new Date(NOW), ...over },
          CONTEXT,
        );
        if ('detail' in outcome) expect(outcome.detail).not.toContain('CANARY');
      }),
    );
    expect((decodeRecord(withValue('CANARY'), CONTEXT) as FaultyRecord).detail).not.toContain('CANARY');
  });
});
