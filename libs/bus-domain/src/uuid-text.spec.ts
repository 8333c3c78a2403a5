import { uuidTextOf, uuidV8TextOf } from './uuid-text';

const DIGITS = '00112233445566778899aabbccddeeff';

describe(uuidTextOf, () => {
  it('sets the first 32 digits apart, as they are', () => {
    expect(uuidTextOf(`${DIGITS}0123`)).toBe('00112233-4455-6677-8899-aabbccddeeff');
  });
});

describe(uuidV8TextOf, () => {
  it.each([...'0123456789abcdef'])('writes version and variant, whatever stands there: %s', (digit) => {
    const hex = `${DIGITS.slice(0, 12)}${digit}677${digit}899aabbccddeeff`;
    const variant = '89ab'[parseInt(digit, 16) & 3];
    expect(uuidV8TextOf(hex)).toBe(`00112233-4455-8677-${variant}899-aabbccddeeff`);
  });

  it('leaves nothing behind for the next one', () => {
    uuidV8TextOf(DIGITS);
    expect(uuidTextOf(DIGITS)).toBe('00112233-4455-6677-8899-aabbccddeeff');
  });
});
