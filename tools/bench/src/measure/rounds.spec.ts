import type { BenchContext } from '../scenario';
import { interleaved, type Round } from './rounds';

describe(interleaved, () => {
  const context = {
    rounds: 2,
    signal: new AbortController().signal,
    progress: () => undefined,
  } as Partial<BenchContext>;
  const roundOf = (otherCores: number, figures: number): Round<number> => ({
    usage: { wallSeconds: 1, cpuSeconds: {}, otherCores },
    figures,
  });

  it('runs the variants in turn, so that a change of the machine meets all of them', async () => {
    const order: string[] = [];
    const variant = (name: string) => ({
      name,
      run: async (round: number) => {
        order.push(`${name}${round}`);
        return roundOf(0, round);
      },
    });
    const { rounds } = await interleaved(context as BenchContext, [variant('a'), variant('b')]);
    expect(order).toEqual(['a1', 'b1', 'a2', 'b2']);
    expect(rounds.get('b')?.map(({ figures }) => figures)).toEqual([1, 2]);
  });

  it('measures a disturbed window again, and counts it', async () => {
    const others = [0.9, 0.1, 0];
    let figures = 0;
    const found = await interleaved(context as BenchContext, [
      { name: 'a', run: async () => roundOf(others[figures] ?? 0, (figures += 1)) },
    ]);
    expect(found.rounds.get('a')?.map((round) => round.figures)).toEqual([2, 3]);
    expect(found).toMatchObject({ rejectedWindows: 1, noisy: [] });
  });

  it('takes a window that stays disturbed, and says so', async () => {
    const found = await interleaved({ ...context, rounds: 1 } as BenchContext, [
      { name: 'a', run: async () => roundOf(0.8, 1) },
    ]);
    expect(found.rounds.get('a')).toHaveLength(1);
    expect(found.rejectedWindows).toBe(2);
    expect(found.noisy).toEqual(['a, round 1: others used 0.80 cores']);
  });
});
