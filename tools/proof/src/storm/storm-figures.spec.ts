import type { Evidence } from '../checker/evidence';
import { drainRates, probesPerSecond, steadyLatencies } from './storm-figures';
import { RATED, STEADY } from './storm-run';

const effect = (operation: string, event: string, atMs: number) => ({
  operation,
  event,
  atMs,
  executionId: event,
  attempt: 1,
  content: '',
  order: atMs,
});
const attempt = (startedMs: number | null) => ({
  event: 's m',
  operation: RATED,
  attempt: 1,
  outcome: 'unreachable',
  startedMs,
  endedMs: 0,
});
const evidenceOf = (parts: Partial<Evidence>) => parts as Evidence;
const MOMENTS = { outageMs: 0, backMs: 10_000, drainedMs: 30_000 };

describe(drainRates, () => {
  it('tells the mean of the drain and its fullest five seconds', () => {
    const slow = Array.from({ length: 100 }, (_, at) => effect(RATED, `e${at}`, 10_000 + at * 100));
    const fast = Array.from({ length: 500 }, (_, at) => effect(RATED, `f${at}`, 20_000 + at * 10));
    const { mean, fullest } = drainRates(evidenceOf({ effects: [...slow, ...fast] }), MOMENTS);
    expect(mean).toBeCloseTo(40, 0);
    expect(fullest).toBeCloseTo(100, 0);
  });
});

describe(probesPerSecond, () => {
  it('counts attempts of the second half, once the breaker has opened and what was under way has ended', () => {
    const opening = Array.from({ length: 10 }, (_, at) => attempt(2_100 + at * 100));
    const underWay = [attempt(3_100), attempt(3_900)];
    const attempts = [
      ...opening,
      ...underWay,
      attempt(4_500),
      attempt(6_000),
      attempt(9_900),
      attempt(null),
      attempt(10_001),
    ];
    expect(probesPerSecond(evidenceOf({ attempts }), MOMENTS, 1)).toBeCloseTo(1 / 5);
  });

  it('is nothing where the breaker never opened', () => {
    expect(probesPerSecond(evidenceOf({ attempts: [attempt(100)] }), MOMENTS, 1)).toBe(0);
  });
});

describe(steadyLatencies, () => {
  it('goes by when the call was begun, and by steady events alone', () => {
    const effects = [effect(STEADY, 's a', 120), effect(STEADY, 's b', 530), effect(RATED, 's c', 140)];
    const begun = new Map([
      ['s a', 100],
      ['s b', 500],
      ['s c', 100],
    ]);
    expect(steadyLatencies(evidenceOf({ effects }), begun, 0, 400)).toEqual([20]);
  });
});
