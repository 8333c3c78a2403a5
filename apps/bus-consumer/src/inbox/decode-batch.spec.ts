import { encodeRecord, newEventId, type IncomingEvent, type IncomingRecord } from '@bus/domain';
import { randomBytes } from 'node:crypto';
import { decodeBatch } from './decode-batch';

const appendedAt = new Date('2026-01-02T03:04:05.678Z');

function record(offset: bigint, over: Partial<IncomingEvent> = {}): IncomingRecord {
  const { key, value, headers } = encodeRecord({
    eventId: newEventId({ nowMs: appendedAt.getTime(), random: randomBytes(16) }),
    source: 'spec',
    messageId: 'order-1',
    type: 'order.paid',
    key: null,
    payload: '{"a":1}',
    occurredAt: appendedAt.toISOString(),
    deliverAt: null,
    traceparent: null,
    ...over,
  });
  return {
    partition: 0,
    offset,
    key: Buffer.from(key),
    value,
    headers: Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]),
    appendedAt,
  };
}
const decode = (records: IncomingRecord[]) =>
  decodeBatch({ logId: 'memory:1', partition: 0, start: 0n, records, nextOffset: 100n, logStart: 0n });

describe(decodeBatch, () => {
  it('keeps the first of twins, and counts its repeats', () => {
    const decoded = decode([record(1n), record(2n, { messageId: 'order-2' }), record(3n)]);
    expect(decoded.events.map((event) => event.record.offset)).toEqual([1n, 2n]);
    expect(decoded).toMatchObject({ twins: 1, quarantined: [], nextOffset: 100n, rest: null });
  });

  it('stops at a twin with other content: which of the two counts, the store alone knows', () => {
    const records = [record(1n), record(3n), record(5n, { payload: '{"a":2}' }), record(6n)];
    const decoded = decode(records);
    expect(decoded.events.map((event) => event.record.offset)).toEqual([1n]);
    expect(decoded).toMatchObject({ twins: 1, quarantined: [], nextOffset: 5n });
    expect(decoded.rest).toMatchObject({ records: records.slice(2), nextOffset: 100n });
    const next = decodeBatch(decoded.rest as NonNullable<typeof decoded.rest>);
    expect(next.events.map((event) => event.record.offset)).toEqual([5n]);
    expect(next).toMatchObject({ nextOffset: 6n, rest: { records: [records[3]] } });
  });

  it('quarantines what cannot be decoded, with its fault', () => {
    const broken = { ...record(1n), value: Buffer.from('{') };
    const decoded = decode([broken, { ...record(2n), value: null }, record(3n)]);
    expect(decoded.quarantined.map(({ fault }) => fault)).toEqual(['not_json', 'null_value']);
    expect(decoded.events.map((event) => event.record.offset)).toEqual([3n]);
  });

  it('takes a batch that is only a gap', () => {
    expect(decode([])).toEqual({
      events: [],
      quarantined: [],
      twins: 0,
      nextOffset: 100n,
      rest: null,
    });
  });
});
