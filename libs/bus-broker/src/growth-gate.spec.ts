import { GrowthGate } from './growth-gate';

const bounds = (...ends: number[]) =>
  new Map(ends.map((end, partition) => [partition, { start: 0n, end: BigInt(end) }]));
const stored = (...positions: number[]) =>
  new Map(positions.map((position, partition) => [partition, BigInt(position)]));

describe(GrowthGate, () => {
  it('opens all partitions of a log that nobody has read', () => {
    expect(new GrowthGate().open([0, 1, 2], bounds(5, 0, 9), new Map())).toEqual([0, 1, 2]);
  });

  it('opens what was read before, and what another replica has opened', () => {
    expect(new GrowthGate().open([0, 1, 2], bounds(5, 5, 5), stored(0, 5, 0))).toEqual([0, 1, 2]);
  });

  it('trap-29: opens a new partition once the old ones were read to where they ended after its first record', () => {
    const gate = new GrowthGate();
    const open = (ends: number[], positions: number[]) =>
      gate.open([2], bounds(...ends), stored(...positions));
    expect(open([5, 5, 0], [5, 5])).toEqual([]); // empty: who published before is not known
    expect(open([6, 7, 1], [6, 7])).toEqual([]); // the bounds may have been read in this order
    expect(open([8, 7, 2], [6, 7])).toEqual([]); // 8 and 7 count from now on
    expect(open([9, 9, 2], [7, 9])).toEqual([]);
    expect(open([9, 9, 2], [8, 7])).toEqual([2]);
  });

  it('asks each new partition by itself', () => {
    const gate = new GrowthGate();
    for (let look = 0; look < 2; look++) gate.open([1, 2], bounds(5, 1, 0), stored(4));
    expect(gate.open([1, 2], bounds(9, 1, 1), stored(5))).toEqual([1]);
    expect(gate.open([2], bounds(9, 1, 1), stored(5, 1))).toEqual([]);
    expect(gate.open([2], bounds(9, 1, 1), stored(9, 1))).toEqual([2]);
  });
});
