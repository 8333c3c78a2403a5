import fc from 'fast-check';
import { parseRfc3339, utcText } from './rfc3339';

describe(parseRfc3339.name, () => {
  it.each([
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01t12:00:00z', '2026-03-01T12:00:00.000Z'],
    ['2026-03-01 12:00:00.5Z', '2026-03-01T12:00:00.500Z'],
    ['2026-03-01T12:00:00+08:00', '2026-03-01T04:00:00.000Z'],
    ['2026-03-01T12:00:00.123-00:30', '2026-03-01T12:30:00.123Z'],
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('reads %s', (text, iso) => {
    expect(new Date(parseRfc3339(text) as number).toISOString()).toBe(iso);
  });

  it('rounds a finer fraction up, so that nothing starts before its time', () => {
    expect(parseRfc3339('2026-03-01T12:00:00.1230001Z')).toBe(Date.parse('2026-03-01T12:00:00.124Z'));
    expect(parseRfc3339('2026-03-01T12:00:00.1230000Z')).toBe(Date.parse('2026-03-01T12:00:00.123Z'));
  });

  it.each([
    '',
    'tomorrow',
    '2026-03-01',
    '2026-03-01T12:00:00',
    '2026-02-29T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-00-10T12:00:00Z',
    '2026-03-00T12:00:00Z',
    '2026-03-01T24:00:00Z',
    '2026-03-01T12:60:00Z',
    '2026-03-01T12:00:61Z',
    '2026-03-01T12:00:00+24:00',
    '2026-03-01T12:00:00+01:60',
    '2026-03-01T12:00Z',
    '0000-12-31T12:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '+02026-03-01T12:00:00Z',
    '2026-03-01T12:00:00.Z',
    '2026-03-01T12:00:00Z ',
  ])('refuses %j', (text) => {
    expect(parseRfc3339(text)).toBeNull();
  });

  it('reads back every time that JavaScript writes', () => {
    const years = { min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') };
    fc.assert(
      fc.property(fc.date({ ...years, noInvalidDate: true }), (date) => {
        expect(parseRfc3339(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});

describe('the time that was read or written last', () => {
  it('is told again, and another one is looked at anew', () => {
    const [noon, later] = ['2026-03-01T12:00:00.000Z', '2026-03-01T12:00:00.001Z'];
    for (const text of [noon, noon, later, noon, '', 'noon', 'noon', later])
      expect(parseRfc3339(text)).toBe(Number.isNaN(Date.parse(text)) ? null : Date.parse(text));
    for (const text of [noon, noon, later, noon]) expect(utcText(Date.parse(text))).toBe(text);
    expect(() => utcText(NaN)).toThrow(RangeError);
    expect(() => utcText(NaN)).toThrow(RangeError);
  });
});
