import { median, percentile, spread } from './statistics';

describe(percentile, () => {
  it('lies between the two nearest values, whatever their order', () => {
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(percentile([4, 1, 3, 2], 0)).toBe(1);
    expect(percentile([4, 1, 3, 2], 1)).toBe(4);
    expect(percentile([10, 20], 0.99)).toBeCloseTo(19.9);
  });

  it('knows nothing of an empty list', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe(spread, () => {
  it('is the range as a share of the median', () => {
    expect(median([90, 100, 120])).toBe(100);
    expect(spread([90, 100, 120])).toBeCloseTo(0.3);
  });
});
