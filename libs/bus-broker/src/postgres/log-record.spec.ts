import * as fc from 'fast-check';
import { RECORD_HEADER } from '@bus/contracts';
import { decodeRecord } from '@bus/domain';
import { headersText } from './record-headers';
import { LogRecord } from './log-record';

const AT = new Date('2026-11-29T00:00:00Z');
const ofBus = fc.constantFrom(...Object.values(RECORD_HEADER));
const names = fc.oneof(ofBus, fc.constantFrom('ce_other', 'x-own', 'ñ'), fc.string({ maxLength: 6 }));
const words = fc.oneof(
  fc.constantFrom(
    '1.0',
    'order-1',
    'payments',
    'order.paid',
    '2026-11-28T23:59:59Z',
    'user-7',
    'ä',
    '"',
    '\\',
    '',
  ),
  fc.string({ maxLength: 12 }),
);
const pairs = fc.array(fc.tuple(names, words), { maxLength: 12 });
const recordOf = (key: string, headersJson: string) =>
  new LogRecord(3, 7n, key, headersJson, Buffer.from('{"n":1}'), AT);
const asText = (headers: LogRecord['headers']) => headers.map(([name, value]) => [name, String(value)]);

describe(LogRecord, () => {
  it('has the headers that were written, in their order, as bytes', () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const headers = Object.fromEntries(given);
        expect(asText(recordOf('k', headersText(headers)).headers)).toEqual(Object.entries(headers));
        expect(asText(recordOf('k', JSON.stringify(given)).headers)).toEqual(given);
      }),
    );
  });

  it('has them as text as well where all is ASCII and nothing is escaped', () => {
    const { texts } = recordOf('user-7', headersText({ ce_id: 'order-1', own: 'x', ce_source: 'payments' }));
    expect(texts).toEqual({
      key: 'user-7',
      headers: ['ce_id', 'order-1', 'own', 'x', 'ce_source', 'payments'],
    });
    for (const [key, value] of [
      ['ключ', 'x'],
      ['k', 'é'],
      ['k', 'a\\b'],
      ['k', 'say "no"'],
    ] as [string, string][])
      expect(recordOf(key, headersText({ ce_id: value })).texts).toBeNull();
  });

  it('is decoded the same with its texts and without them', () => {
    let read = 0;
    const keys = fc.oneof(fc.constantFrom('user-7', 'order-1', '', 'é'), fc.string({ maxLength: 300 }));
    fc.assert(
      fc.property(keys, pairs, fc.boolean(), (key, given, isWhole) => {
        const whole = [
          ['ce_specversion', '1.0'],
          ['ce_id', 'order-1'],
          ['ce_source', 'payments'],
          ['ce_type', 'order.paid'],
        ] as [string, string][];
        const record = recordOf(key, JSON.stringify(isWhole ? [...whole, ...given] : given));
        const { partition, offset, value, headers, appendedAt } = record;
        const bytes = { partition, offset, key: record.key, value, headers, appendedAt };
        const decoded = decodeRecord(record, { logId: 'postgres:spec' });
        expect(decoded).toEqual(decodeRecord(bytes, { logId: 'postgres:spec' }));
        if (record.texts && 'event' in decoded) read++;
      }),
      { numRuns: 1_000 },
    );
    expect(read).toBeGreaterThan(20);
  });
});
