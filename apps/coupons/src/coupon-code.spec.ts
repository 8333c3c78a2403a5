import fc from 'fast-check';
import { COUPON_CODE_BYTES, couponCode } from './coupon-code';

const randomBytes = fc.uint8Array({ minLength: COUPON_CODE_BYTES, maxLength: COUPON_CODE_BYTES });

describe(couponCode.name, () => {
  it('writes three groups of four without the letters that people confuse', () => {
    fc.assert(
      fc.property(randomBytes, (bytes) => {
        expect(couponCode(bytes)).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
      }),
    );
  });

  it('uses every letter of the alphabet equally often', () => {
    const counts = new Map<string, number>();
    for (let byte = 0; byte < 256; byte++) {
      const letter = couponCode(new Uint8Array(COUPON_CODE_BYTES).fill(byte))[0];
      counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect([...counts.values()]).toEqual(Array(32).fill(8));
  });

  it('refuses to make a code from too little randomness', () => {
    expect(() => couponCode(new Uint8Array(COUPON_CODE_BYTES - 1))).toThrow(RangeError);
  });
});
