import { meets, SLACK } from './goals';

describe(meets, () => {
  const goal = (sense: 'at least' | 'at most', figure: number) =>
    ({ id: 'P1', text: 'events/s', sense, goal: 8, figure }) as const;

  it('takes the goal itself', () => {
    expect(meets(goal('at least', 8))).toBe(true);
    expect(meets(goal('at most', 8))).toBe(true);
    expect(meets(goal('at least', 7.99))).toBe(false);
    expect(meets(goal('at most', 8.01))).toBe(false);
  });

  it('gives CI a quarter of it, on the side of the miss alone', () => {
    expect(meets(goal('at least', 6), SLACK)).toBe(true);
    expect(meets(goal('at least', 5.9), SLACK)).toBe(false);
    expect(meets(goal('at most', 10), SLACK)).toBe(true);
    expect(meets(goal('at most', 10.1), SLACK)).toBe(false);
  });

  it('is not met by a figure that is none', () => {
    expect(meets(goal('at least', NaN))).toBe(false);
    expect(meets(goal('at most', NaN), SLACK)).toBe(false);
  });
});
