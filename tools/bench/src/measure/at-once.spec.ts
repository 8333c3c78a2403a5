import { atOnce } from './at-once';

describe(atOnce, () => {
  it('does each number once, never more of them together than asked', async () => {
    const seen: number[] = [];
    let [now, most] = [0, 0];
    await atOnce(3, 10, async (n) => {
      most = Math.max(most, (now += 1));
      await new Promise(setImmediate);
      seen.push(n);
      now -= 1;
    });
    expect(seen.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(most).toBe(3);
  });

  it('fails with what one of them throws', async () => {
    const failing = atOnce(2, 5, async (n) => {
      if (n === 3) throw new Error('three');
    });
    await expect(failing).rejects.toThrow('three');
  });
});
