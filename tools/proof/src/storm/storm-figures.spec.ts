import type { Evidence } from '../checker/evidence';
import { drainRates, excusableStalls, probesPerSecond, steadyLatencies } from './storm-figures';
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
    expect(steadyLatencies(evidenceOf({ effects }), begun, { fromMs: 0, toMs: 400 })).toEqual([20]);
  });

  it('leaves out what was under way while the machine stood still', () => {
    const effects = [effect(STEADY, 's a', 120), effect(STEADY, 's b', 700), effect(STEADY, 's c', 720)];
    const begun = new Map([
      ['s a', 100],
      ['s b', 150],
      ['s c', 710],
    ]);
    const stalls = [{ fromMs: 200, toMs: 690 }];
    expect(steadyLatencies(evidenceOf({ effects }), begun, { fromMs: 0, toMs: 1_000 }, stalls)).toEqual([
      20, 10,
    ]);
  });
});

describe(excusableStalls, () => {
  const window = { fromMs: 10_000, toMs: 30_000 };

  it('are those within the window', () => {
    const within = { fromMs: 12_000, toMs: 12_600 };
    const stalls = [{ fromMs: 9_000, toMs: 9_900 }, within, { fromMs: 30_000, toMs: 30_500 }];
    expect(excusableStalls(stalls, window)).toEqual([within]);
  });

  it('are none where they take more than a twentieth of it', () => {
    expect(excusableStalls([{ fromMs: 12_000, toMs: 13_001 }], window)).toEqual([]);
  });
});
