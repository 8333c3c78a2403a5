import { slopePerMinute } from './slope-of';

describe(slopePerMinute, () => {
  it('is the rise of a line, whatever noise lies on it', () => {
    const samples = Array.from({ length: 600 }, (_, at) => ({
      atMs: at * 1000,
      value: 100 + at / 60 + (at % 2 === 0 ? 5 : -5),
    }));
    expect(slopePerMinute(samples)).toBeCloseTo(1, 1);
  });

  it('is nothing where nothing rises, or nothing was sampled', () => {
    expect(
      slopePerMinute([
        { atMs: 0, value: 7 },
        { atMs: 1000, value: 7 },
      ]),
    ).toBe(0);
    expect(slopePerMinute([{ atMs: 5, value: 7 }])).toBe(0);
    expect(slopePerMinute([])).toBe(0);
  });
});
