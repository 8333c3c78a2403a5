import { jsonPointer } from './json-pointer';

describe(jsonPointer.name, () => {
  it('points to the whole document with nothing', () => {
    expect(jsonPointer([])).toBe('');
  });

  it('escapes as RFC 6901 says', () => {
    expect(jsonPointer(['payload', 'a/b', 'm~n', 0, ''])).toBe('/payload/a~1b/m~0n/0/');
  });

  it('cuts a name that is too long to repeat', () => {
    expect(jsonPointer(['k'.repeat(65)])).toBe(`/${'k'.repeat(64)}…`);
  });
});
