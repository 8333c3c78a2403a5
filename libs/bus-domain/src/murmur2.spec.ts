import { murmur2, partitionOf } from './murmur2';

describe(murmur2.name, () => {
  // The vectors of Apache Kafka's own UtilsTest.testMurmur2, and some of other lengths and scripts.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
    ['', 275646681],
    ['a', -1563381124],
    ['ab', 316155434],
    ['abcd', -1323649548],
    ['订单-1001', 1558800479],
    ['😀', 131881617],
  ])('hashes %j as Kafka does', (text, hash) => {
    expect(murmur2(Buffer.from(text, 'utf8'))).toBe(hash);
  });
});

describe(partitionOf.name, () => {
  it.each([
    ['foobar', 12, 6],
    ['user-7', 12, 8],
    ['21', 12, 0],
    ['订单-1001', 12, 11],
    ['anything', 1, 0],
  ])('puts %j of %d partitions into partition %d', (key, partitions, partition) => {
    expect(partitionOf(key, partitions)).toBe(partition);
    expect(partitionOf(Buffer.from(key), partitions)).toBe(partition);
  });
});
