import type { IncomingRecord } from '../broker-record';
import { PartitionProgress } from '../partition-progress';
import { toBatches } from './found-records';

const record = (offset: number): IncomingRecord => ({
  partition: 0,
  offset: BigInt(offset),
  key: Buffer.from('k'),
  value: Buffer.from('{}'),
  headers: [],
  appendedAt: new Date(0),
});

describe(toBatches, () => {
  let progress: PartitionProgress;
  beforeEach(() => {
    progress = new PartitionProgress(0);
    progress.moveTo(5n);
  });
  const batches = (end: bigint | undefined, ...offsets: number[]) => {
    const records = new Map(offsets.length > 0 ? [[0, offsets.map(record)]] : []);
    const looks = new Map([[progress, { from: 5n, end }]]);
    return toBatches({ records, looks }).map(([, { start, nextOffset }]) => [start, nextOffset]);
  };

  it('goes on to the last record', () => {
    expect(batches(9n, 5, 6)).toEqual([[5n, 7n]]);
  });

  it('takes for a gap what a look found nothing in, up to the end known before', () => {
    expect(batches(9n)).toEqual([[5n, 9n]]);
    expect(batches(5n)).toEqual([]);
  });

  it('takes nothing for a gap where records may be left out', () => {
    expect(batches(undefined)).toEqual([]);
  });

  it('drops what was found from another position than the one held now', () => {
    progress.moveTo(2n);
    expect(batches(9n, 5, 6)).toEqual([]);
    expect(batches(9n)).toEqual([]);
  });
});
