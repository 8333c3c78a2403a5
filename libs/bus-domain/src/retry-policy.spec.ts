import fc from 'fast-check';
import { backoffDelayMs } from './retry-policy';

const retry = { backoffMs: 1000, backoffCapMs: 60_000 };

describe(backoffDelayMs, () => {
  it('doubles the ceiling with every counted attempt until the cap', () => {
    const ceilings = [1, 2, 3, 6, 7, 40, 30_000].map((counted) =>
      Math.round(backoffDelayMs(retry, counted, 0.9999999999)),
    );
    expect(ceilings).toEqual([999, 1999, 3999, 31_999, 59_999, 59_999, 59_999]);
  });

  it('spreads from zero (full jitter)', () => {
    expect(backoffDelayMs(retry, 5, 0)).toBe(0);
    expect(backoffDelayMs(retry, 5, 0.5)).toBe(8000);
  });

  it('waits at least as long as the handler asked for', () => {
    expect(backoffDelayMs(retry, 1, 0, 5000)).toBe(5000);
  });

  it('bad-92: caps a handler that asks for ten years', () => {
    expect(backoffDelayMs(retry, 1, 0, 10 * 365 * 24 * 3_600_000)).toBe(60_000);
  });

  it('never leaves [0, cap]', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 32_767 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        (counted, random, retryAfterMs) => {
          const delay = backoffDelayMs(retry, counted, random, retryAfterMs);
          return Number.isInteger(delay) && delay >= 0 && delay <= retry.backoffCapMs;
        },
      ),
    );
  });

  it('refuses an attempt that does not count', () => {
    expect(() => backoffDelayMs(retry, 0, 0.5)).toThrow(RangeError);
  });
});
