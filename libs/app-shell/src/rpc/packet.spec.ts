import { isCallId, isPattern } from './packet';

describe(isCallId.name, () => {
  it.each([0, -1, 1.5, '', '1', 'x'.repeat(128)])('echoes %j', (id) => expect(isCallId(id)).toBe(true));
  it.each([undefined, null, true, {}, [], 'x'.repeat(129)])('does not echo %j', (id) =>
    expect(isCallId(id)).toBe(false),
  );
});

describe(isPattern.name, () => {
  const nested = (levels: number) =>
    Array.from({ length: levels - 1 }).reduce<object>((inner) => ({ a: inner }), { a: 'x' });
  const wide = (keys: number) => Object.fromEntries(Array.from({ length: keys }, (_, at) => [`k${at}`, at]));

  it.each(['bus.publish', '', 7, { cmd: 'bus.publish' }, { a: null, b: true }, {}, nested(5), wide(20)])(
    'looks %j up',
    (pattern) => expect(isPattern(pattern)).toBe(true),
  );
  it.each([undefined, null, true, nested(6), wide(21), { a: wide(21) }])('refuses %j', (pattern) =>
    expect(isPattern(pattern)).toBe(false),
  );

  it('stops looking at its depth limit', () => {
    expect(isPattern(nested(100_000))).toBe(false);
  });
});
