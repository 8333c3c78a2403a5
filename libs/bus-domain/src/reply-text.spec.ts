import { LIMITS } from '@bus/contracts';
import { safeCode, safeReason, storableOutput } from './reply-text';

describe(safeReason, () => {
  it('is null where there is no text', () => {
    for (const nothing of [undefined, null, 7, {}, '']) expect(safeReason(nothing)).toBeNull();
  });

  it('keeps a text as it is, up to 2 KB of it', () => {
    expect(safeReason('no card')).toBe('no card');
    const longest = 'a'.repeat(LIMITS.reasonBytes);
    expect(safeReason(longest)).toBe(longest);
    expect(safeReason(`${longest}b`)).toBe(longest);
  });

  it('cuts between characters, never inside one', () => {
    const euros = '€'.repeat(LIMITS.reasonBytes);
    const cut = safeReason(euros) as string;
    expect(cut).toBe('€'.repeat(Math.floor(LIMITS.reasonBytes / 3)));
    expect(safeReason(`${'a'.repeat(LIMITS.reasonBytes - 1)}é`)).toBe('a'.repeat(LIMITS.reasonBytes - 1));
  });

  it('writes NUL as its escape, and a lone surrogate as the replacement character', () => {
    expect(safeReason('a\0b')).toBe('a\\u0000b');
    expect(safeReason('a\ud800b')).toBe('a\ufffdb');
  });

  it('cuts by what is left once NULs are written out', () => {
    const reason = safeReason('\0'.repeat(LIMITS.reasonBytes)) as string;
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(LIMITS.reasonBytes);
    expect(reason.startsWith('\\u0000\\u0000')).toBe(true);
  });
});

describe(safeCode, () => {
  it('is null where there is no text', () => {
    for (const nothing of [undefined, null, 7, {}, '']) expect(safeCode(nothing)).toBeNull();
  });

  it('has at most 128 characters, written-out NULs counted', () => {
    expect(safeCode('insufficient_funds')).toBe('insufficient_funds');
    expect(safeCode('x'.repeat(129))).toBe('x'.repeat(128));
    expect(safeCode('\0'.repeat(100))).toBe('\\u0000'.repeat(100).slice(0, 128));
  });
});

describe(storableOutput, () => {
  it('tells no output from one that is null', () => {
    expect(storableOutput(undefined)).toBeNull();
    expect(storableOutput(null)).toBe('null');
  });

  it.each([
    ['a number', 7, '7'],
    ['false', false, 'false'],
    ['a text', 'ok', '"ok"'],
    ['an object', { points: 5, of: ['a'] }, '{"points":5,"of":["a"]}'],
    ['an empty object', {}, '{}'],
  ])('takes %s', (_title, output, text) => expect(storableOutput(output)).toBe(text));

  it('takes 16 KB and no more, counted in bytes', () => {
    const quotes = 2;
    expect(storableOutput('a'.repeat(LIMITS.outputBytes - quotes))).toHaveLength(LIMITS.outputBytes);
    expect(storableOutput('a'.repeat(LIMITS.outputBytes - quotes + 1))).toBeUndefined();
    expect(storableOutput('€'.repeat(LIMITS.outputBytes / 2))).toBeUndefined();
  });

  it('takes 32 levels and no more, objects and arrays counted alike', () => {
    const nested = (levels: number, wrap: (inner: unknown) => unknown) => {
      let value: unknown = 1;
      for (let level = 0; level < levels; level += 1) value = wrap(value);
      return value;
    };
    for (const wrap of [(inner: unknown) => [inner], (inner: unknown) => ({ inner })]) {
      expect(storableOutput(nested(LIMITS.payloadDepth, wrap))).toBeDefined();
      expect(storableOutput(nested(LIMITS.payloadDepth + 1, wrap))).toBeUndefined();
    }
  });

  it('counts levels, not brackets: neither those beside one another nor those in a text', () => {
    const wide = Array.from({ length: 2 * LIMITS.payloadDepth }, () => [{}]);
    expect(storableOutput(wide)).toBeDefined();
    const brackets = '[{'.repeat(LIMITS.payloadDepth);
    expect(storableOutput([brackets])).toBeDefined();
    expect(storableOutput([`"${brackets}\\`, { [`\\"${brackets}`]: 1 }])).toBeDefined();
    const deep = `${'['.repeat(LIMITS.payloadDepth)}"\\"]]]]"${']'.repeat(LIMITS.payloadDepth)}`;
    expect(storableOutput([JSON.parse(deep)])).toBeUndefined();
  });

  it.each([
    ['NUL', 'a\0'],
    ['a lone surrogate', 'a\ud800'],
  ])('refuses %s wherever it stands', (_title, bad) => {
    expect(storableOutput(bad)).toBeUndefined();
    expect(storableOutput({ good: 1, list: ['good', bad] })).toBeUndefined();
    expect(storableOutput({ good: 'x', [bad]: 1 })).toBeUndefined();
    expect(storableOutput([null, 1, true, { inner: { text: bad } }])).toBeUndefined();
  });

  it('takes a text that merely speaks of an escape, beside anything that is no text', () => {
    expect(storableOutput(['\\u0000', null, 1, true, { deep: null }])).toBe(
      '["\\\\u0000",null,1,true,{"deep":null}]',
    );
  });

  it('refuses what is no JSON', () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    for (const output of [circular, 10n, () => 1, Symbol('x')])
      expect(storableOutput(output)).toBeUndefined();
  });
});
