import { waitingFactor } from './waiting';

describe(waitingFactor, () => {
  it('is busy ÷ idle before one server', () => {
    expect(waitingFactor(0, 1)).toBe(0);
    expect(waitingFactor(0.5, 1)).toBeCloseTo(1);
    expect(waitingFactor(0.8, 1)).toBeCloseTo(4);
  });

  it('is less before several that are as busy', () => {
    // two servers, offered 1: of 3 parts of time 1 has both busy; 1/3 ÷ (2 × 0.5)
    expect(waitingFactor(0.5, 2)).toBeCloseTo(1 / 3);
    // Erlang C of 3 servers and offered 2 is 4/9; 4/9 ÷ (3 × 1/3)
    expect(waitingFactor(2 / 3, 3)).toBeCloseTo(4 / 9);
  });

  it('has no end where more comes than is served', () => {
    expect(waitingFactor(1, 4)).toBe(Infinity);
    expect(waitingFactor(Infinity, 1)).toBe(Infinity);
  });
});
