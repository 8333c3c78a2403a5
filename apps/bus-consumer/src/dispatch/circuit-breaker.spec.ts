import { CircuitBreaker } from './circuit-breaker';

describe(CircuitBreaker, () => {
  const CAPACITY = 64;
  /** One that opened at `openedMs` and was answered again `awayMs` later. */
  const afterOutage = (awayMs: number, openedMs = 5_000) => {
    const breaker = new CircuitBreaker();
    for (let n = 0; n < 10; n += 1) breaker.note(false, openedMs - 9 + n);
    breaker.note(true, openedMs + awayMs);
    const closedMs = openedMs + awayMs;
    return { limitAfter: (ms: number) => breaker.limit(CAPACITY, closedMs + ms) };
  };

  it('opens at the tenth call in a row without an answer, and closes at any answer', () => {
    const breaker = new CircuitBreaker();
    for (let n = 0; n < 9; n += 1) breaker.note(false, n);
    breaker.note(true, 9);
    for (let n = 0; n < 9; n += 1) breaker.note(false, 10 + n);
    expect(breaker.isOpen).toBe(false);
    breaker.note(false, 19);
    expect(breaker.isOpen).toBe(true);
    breaker.note(true, 20);
    expect(breaker.isOpen).toBe(false);
  });

  it('has no limit of its own before any outage', () => {
    expect(new CircuitBreaker().limit(CAPACITY, 0)).toBe(CAPACITY);
  });

  it('gives 1 at a time after ten minutes away, and twice as many every 10 s', () => {
    const { limitAfter } = afterOutage(600_000);
    expect([0, 9_999, 10_000, 20_000, 30_000].map(limitAfter)).toEqual([1, 1, 2, 4, 8]);
    expect(limitAfter(60_000)).toBe(64);
  });

  it('is as steep as the outage was short, but never doubles sooner than after a second', () => {
    expect([0, 4_999, 5_000, 10_000].map(afterOutage(30_000).limitAfter)).toEqual([1, 1, 2, 4]);
    expect([0, 999, 1_000, 2_000, 6_000].map(afterOutage(500).limitAfter)).toEqual([1, 1, 2, 4, 64]);
  });

  it('counts the outage from its own opening, not from the one before', () => {
    const breaker = new CircuitBreaker();
    for (let n = 0; n < 10; n += 1) breaker.note(false, 0);
    breaker.note(true, 600_000);
    for (let n = 0; n < 10; n += 1) breaker.note(false, 700_000);
    breaker.note(true, 701_000);
    expect(breaker.limit(CAPACITY, 702_000)).toBe(2);
  });
});
