/** Crockford's base 32: no I, L, O (read as 1, 1, 0) and no U. @see https://www.crockford.com/base32.html */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 3;
const GROUP_LENGTH = 4;

/** Random bytes that one code takes. */
export const COUPON_CODE_BYTES = GROUPS * GROUP_LENGTH;

/**
 * A code that people can read out and type: 12 characters in 3 groups, 60 bits. With a million codes issued, a new
 * one collides once in 10¹² times.
 * @param random `COUPON_CODE_BYTES` cryptographically random bytes, so that nobody can guess another's coupon
 * @throws RangeError for fewer bytes
 */
export function couponCode(random: Uint8Array): string {
  if (random.length < COUPON_CODE_BYTES) {
    throw new RangeError(`A coupon code takes ${COUPON_CODE_BYTES} random bytes, not ${random.length}.`);
  }
  // 256 is a multiple of 32: the low five bits of each byte are evenly distributed.
  const letters = Array.from(random.subarray(0, COUPON_CODE_BYTES), (byte) => ALPHABET[byte & 31]);
  const groups = Array.from({ length: GROUPS }, (_, i) =>
    letters.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH).join(''),
  );
  return groups.join('-');
}
