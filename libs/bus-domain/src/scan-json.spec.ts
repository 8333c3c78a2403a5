import fc from 'fast-check';
import { scanJson } from './scan-json';

const REQUEST = { payloadKey: 'payload', itemsKey: 'events' };
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const inPayload = (json: string) => `{"type":"t","payload":${json}}`;
const kinds = (text: string) => scanJson(text, REQUEST).map((fault) => `${fault.kind} ${fault.path}`);

describe(scanJson.name, () => {
  it('finds nothing in an ordinary request', () => {
    const text = inPayload('{ "a": [1, -2.5e10, true, null, "\\n\\u00e9 😀 ！"], "b": { "a": "a" } }');
    expect(scanJson(text, REQUEST)).toEqual([]);
  });

  it('bad-35: takes 32 levels of payload and names what is deeper', () => {
    expect(kinds(inPayload(nested(32)))).toEqual([]);
    expect(kinds(inPayload(nested(33)))).toEqual([`too_deep /payload${'/0'.repeat(32)}`]);
    expect(scanJson(nested(33)).map((fault) => fault.kind)).toEqual(['too_deep']);
  });

  it('bad-35: goes on behind what is too deep, and survives a million levels', () => {
    const text = inPayload(
      `{"a":${nested(40)},"b":{"c":${'{"]":'.repeat(40)}"}\\""${'}'.repeat(40)}},"n":1e999}`,
    );
    expect(kinds(text).map((fault) => fault.split(' ')[0])).toEqual(['too_deep', 'too_deep', 'bad_number']);
    expect(kinds(inPayload('['.repeat(1_000_000)))).toHaveLength(1);
  });

  it('bad-36: counts the keys of a payload over all its objects, not those around it', () => {
    const object = (keys: number) => `{${Array.from({ length: keys }, (_, at) => `"k${at}":0`).join()}}`;
    expect(kinds(inPayload(`[${object(2500)},${object(2500)}]`))).toEqual([]);
    expect(kinds(inPayload(`[${object(2500)},${object(2501)}]`))).toEqual(['too_many /payload']);
    const batch = `{"events":[${Array(3)
      .fill(inPayload(object(4000)))
      .join()}]}`;
    expect(kinds(batch)).toEqual([]);
  });

  it('bad-36: counts the items of each array', () => {
    const array = (items: number) => `[${Array(items).fill(0).join()}]`;
    expect(kinds(inPayload(`{"a":${array(10000)}}`))).toEqual([]);
    expect(kinds(inPayload(`{"a":${array(10001)}}`))).toEqual(['too_many /payload/a']);
  });

  it.each([
    ['escaped', '"a\\u0000b"'],
    ['raw', '"a\0b"'],
  ])('bad-37: names an %s NUL in a value and in a key', (_, text) => {
    expect(kinds(inPayload(`{"a":[0,${text}]}`))).toEqual(['bad_text /payload/a/1']);
    expect(kinds(inPayload(`{${text}:0}`))).toEqual(['bad_text /payload/a\0b']);
  });

  it.each([
    ['a high one, escaped', '"\\ud83d"'],
    ['a low one, escaped', '"\\uDE00"'],
    ['a high one, raw', '"\ud83d"'],
    ['a low one, raw', '"\ude00"'],
    ['two high ones', '"\\ud83d\\ud83d"'],
    ['a pair the wrong way round', '"\\ude00\\ud83d"'],
    ['a high one before another escape', '"\\ud83d\\n"'],
  ])('bad-38: names a lone surrogate: %s', (_, text) => {
    expect(kinds(inPayload(`{"a":${text}}`))).toEqual(['bad_text /payload/a']);
  });

  it.each(['"😀"', '"\\ud83d\\ude00"', '"\\ud83d\ude00"', '"\ud83d\\ude00"', '"\\\\ud83d"'])(
    'takes a pair however it is written: %j',
    (text) => {
      expect(kinds(inPayload(`{"a":${text}}`))).toEqual([]);
    },
  );

  it('bad-39: names reserved keys, escaped ones too', () => {
    expect(kinds(inPayload('{"a":{"__proto__":1},"constructor":2}'))).toEqual([
      'bad_key /payload/a/__proto__',
      'bad_key /payload/constructor',
    ]);
    expect(kinds(inPayload('{"\\u005f_proto__":1,"proto":2,"__proto":3}'))).toEqual([
      'bad_key /payload/__proto__',
    ]);
  });

  it('bad-40: names repeated keys, in the request too, but not the same key in another object', () => {
    expect(kinds('{"type":"a","type":"b","payload":{"a":{"a":1},"b":{"a":1}}}')).toEqual(['bad_key /type']);
    expect(kinds(inPayload('{"a":1,"\\u0061":2}'))).toEqual(['bad_key /payload/a']);
  });

  it('bad-40: finds repeated keys in objects of any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), (size, which, where) => {
        const keys = Array.from({ length: size }, (_, at) => `k${at}`);
        const other = `{${Array.from({ length: 20 }, (_, at) => `"o${at}":0`).join()}}`;
        const repeated = keys[which % size];
        const place = Math.max((which % size) + 1, where % (size + 1));
        const all = [...keys.slice(0, place), repeated, ...keys.slice(place)];
        const text = `[${other},{${all.map((key) => `"${key}":0`).join()}},${other}]`;
        expect(kinds(inPayload(text))).toEqual([`bad_key /payload/1/${repeated}`]);
      }),
    );
  });

  it.each([
    '9007199254740993',
    '-9007199254740993',
    '10000000000000000',
    '90071992547409920',
    '9007199254740993.0',
  ])('bad-41: refuses the integer %s and says what to do', (number) => {
    expect(scanJson(inPayload(`{"n":${number}}`), REQUEST)).toEqual([
      { kind: 'bad_number', path: '/payload/n', message: 'number out of range: send as string' },
    ]);
  });

  it.each(['1e999', '-1E+400', '1e-999', '0.0001e-9999'])('bad-42: refuses %s', (number) => {
    expect(kinds(inPayload(`[${number}]`))).toEqual(['bad_number /payload/0']);
  });

  it.each([
    '9007199254740992',
    '-9007199254740992',
    '0',
    '-0',
    '0e999',
    '1e308',
    '0.1234567890123456789',
    '1E5',
  ])('takes the number %s', (number) => {
    expect(kinds(inPayload(`[${number}]`))).toEqual([]);
    expect(kinds(inPayload(`{"n":${number}}`))).toEqual([]);
  });

  it('tells at most ten faults, and ten of each event of a batch', () => {
    const bad = inPayload(`[${Array(15).fill('1e999').join()}]`);
    expect(scanJson(bad, REQUEST)).toHaveLength(10);
    const faults = kinds(`{"events":[${bad},${bad},${inPayload('[1e999]')}]}`);
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)).toBe('bad_number /events/2/payload/0');
  });

  it('counts from each payload of a frame, wherever it stands', () => {
    const frame = (data: string) => `{"pattern":{"cmd":"bus.publish"},"data":${data},"id":"1"}`;
    expect(kinds(frame(`{"event":${inPayload(nested(32))}}`))).toEqual([]);
    expect(kinds(frame(`{"event":${inPayload(nested(33))}}`))[0]).toMatch(
      /^too_deep \/data\/event\/payload\/0/,
    );
    expect(kinds(`{"pattern":${nested(20_000)}}`)[0]).toMatch(/^too_deep \/pattern/);
  });

  it('cuts long keys in its paths', () => {
    const [fault] = scanJson(inPayload(`{"${'k'.repeat(100_000)}":1e999}`), REQUEST);
    expect(fault.path.length).toBeLessThan(100);
  });

  it('finds nothing in what JSON.stringify writes of ordinary values', () => {
    const key = fc.string({ unit: 'grapheme', maxLength: 5 });
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        key,
        fc.maxSafeInteger(),
        fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(key, tie('any'), { maxKeys: 12 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2), (payload, indent) => {
        const text = JSON.stringify({ payload }, null, indent);
        fc.pre(!/"(__proto__|constructor)"|\\u0000/.test(text));
        expect(scanJson(text, REQUEST)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('ends on any text, whatever it is', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '\\',
      'u',
      'd83d',
      '1',
      'e',
      '-',
      ' ',
      'a',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (text) => {
        expect(scanJson(text.join(''), REQUEST).length).toBeLessThanOrEqual(10);
      }),
      { numRuns: 2000 },
    );
  });
});
