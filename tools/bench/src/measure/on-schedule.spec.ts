import { onSchedule } from './on-schedule';

describe(onSchedule, () => {
  it('starts each at its instant, without waiting for the ones before', async () => {
    const due: number[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((go) => (release = go));
    const results = await onSchedule(5, 500, async (n, dueMs) => {
      due.push(dueMs);
      if (n === 4) release();
      await held;
      return n;
    });
    expect(results).toEqual([0, 1, 2, 3, 4]);
    expect(due.map((dueMs) => Math.round(dueMs - (due[0] as number)))).toEqual([0, 2, 4, 6, 8]);
  });
});
