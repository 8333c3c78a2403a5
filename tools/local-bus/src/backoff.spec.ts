import { restartDelayMs } from './backoff';

describe(restartDelayMs, () => {
  it('doubles from one second and stays at thirty', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 1_000].map(restartDelayMs)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });
});
