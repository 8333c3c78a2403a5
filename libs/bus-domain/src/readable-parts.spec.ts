import { readableParts } from './readable-parts';

const bytes = (text: string) => Buffer.from(text);
const headers = (more: [string, string][] = []): [string, Buffer][] =>
  [
    ['ce_id', 'm-1'] as [string, string],
    ['ce_source', 'payments'] as [string, string],
    ['ce_type', 'order.paid'] as [string, string],
    ['ce_time', '2026-01-02T04:04:05+01:00'] as [string, string],
    ...more,
  ].map(([name, value]) => [name, bytes(value)]);

describe(readableParts, () => {
  it('reads every part of a good record', () => {
    expect(readableParts({ key: bytes('user-7'), value: bytes('{"a":1.0}'), headers: headers() })).toEqual({
      source: 'payments',
      messageId: 'm-1',
      type: 'order.paid',
      key: 'user-7',
      payload: '{"a":1.0}',
      occurredAt: '2026-01-02T03:04:05.000Z',
    });
  });

  it('has no key where the record key is the message id', () => {
    expect(readableParts({ key: bytes('m-1'), value: bytes('1'), headers: headers() }).key).toBeNull();
  });

  it('reads the parts beside a faulty one', () => {
    const bad = readableParts({
      key: Buffer.from([0xff]),
      value: bytes('{"a":'),
      headers: headers([['ce_type', 'other.type']]),
    });
    expect(bad).toMatchObject({ source: 'payments', messageId: 'm-1', type: null, key: null, payload: null });
  });

  it.each([['9007199254740993'], ['{"a":1,"a":2}'], ['"\\u0000"']])(
    'takes no payload that parsing would change: %s',
    (text) => {
      expect(readableParts({ key: null, value: bytes(text), headers: [] }).payload).toBeNull();
    },
  );
});
