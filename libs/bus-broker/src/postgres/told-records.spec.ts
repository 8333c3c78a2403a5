import type { IncomingRecord } from '../broker-record';
import { PartitionProgress } from '../partition-progress';
import { ToldRecords } from './told-records';

const record = (partition: number, offset: number): IncomingRecord => ({
  partition,
  offset: BigInt(offset),
  key: Buffer.from('k'),
  value: Buffer.from('{}'),
  headers: [],
  appendedAt: new Date(0),
});

const told = (partition: number, ...offsets: number[]) => ({
  partitions: [partition],
  records: offsets.map((offset) => record(partition, offset)),
});

describe(ToldRecords, () => {
  let at: PartitionProgress;
  let other: PartitionProgress;
  let records: ToldRecords;
  beforeEach(() => {
    at = new PartitionProgress(0);
    at.moveTo(10n);
    other = new PartitionProgress(1);
    other.moveTo(0n);
    records = new ToldRecords();
    records.take([at, other]);
  });
  const taken = () => {
    const found = records.take([at, other]);
    return (
      found && [...found].map(([partition, list]) => [partition, list.map(({ offset }) => Number(offset))])
    );
  };

  it('wants the log to be read first', () => {
    expect(new ToldRecords().take([at])).toBeNull();
  });

  it('gives what continues the positions, once', () => {
    records.add(told(0, 10));
    records.add(told(1, 0, 1));
    records.add(told(0, 11, 12));
    expect(taken()).toEqual([
      [0, [10, 11, 12]],
      [1, [0, 1]],
    ]);
    expect(taken()).toEqual([]);
  });

  it('leaves out what was read already', () => {
    records.add(told(0, 8, 9, 10));
    expect(taken()).toEqual([[0, [10]]]);
    records.add(told(0, 9));
    expect(taken()).toEqual([]);
  });

  it.each([
    ['a hole before it', () => records.add(told(0, 11))],
    ['a hole in it', () => [told(0, 10), told(0, 12)].forEach((one) => records.add(one))],
    ['a notification without its records', () => records.add({ partitions: [0], records: [] })],
    ['a connection that was lost', () => records.incomplete()],
    ['more than a batch', () => records.add(told(0, ...Array.from({ length: 501 }, (_, n) => 10 + n)))],
  ])('wants the log to be read after %s, and goes on with what is told then', (_, happens) => {
    happens();
    records.add(told(1, 0));
    expect(records.take([at, other])).toBeNull();
    records.add(told(1, 0));
    expect(taken()).toEqual([[1, [0]]]);
  });

  it('keeps no more than it has to', () => {
    for (let n = 0; n < 2_001; n++) records.add(told(2, n));
    expect(taken()).toBeNull();
  });
});
