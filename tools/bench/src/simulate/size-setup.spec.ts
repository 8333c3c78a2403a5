import { ASSUMED_COSTS } from './costs';
import { DEFAULT_SETUP } from './setup';
import { sizeSetup } from './size-setup';

const sizedFor = (eventsPerSecond: number) => sizeSetup(ASSUMED_COSTS, DEFAULT_SETUP, eventsPerSecond);

describe(sizeSetup, () => {
  it('takes replicas at 60 % of a core, and never one alone', () => {
    expect(sizedFor(1_000).setup.replicas).toBe(2);
    expect(sizedFor(10_000).setup.replicas).toBe(2); // 1.01 ÷ 0.6 = 1.7
    expect(sizedFor(100_000).setup.replicas).toBe(17); // 16.8
  });

  it('doubles the partitions until there are three for each replica', () => {
    expect(sizedFor(10_000).setup.partitions).toBe(12);
    expect(sizedFor(100_000).setup.partitions).toBe(96); // 48 would be fewer than 51
  });

  it('takes shards that divide the partitions, for the WAL of a new and of an old store', () => {
    expect(sizedFor(10_000)).toMatchObject({ setup: { shards: 1 }, oldShards: 1 }); // 28 and 85 MB/s
    expect(sizedFor(100_000)).toMatchObject({ setup: { shards: 3 }, oldShards: 12 }); // 280 and 848
    expect(sizedFor(1_000_000)).toMatchObject({ setup: { shards: 32 }, oldShards: 96 }); // 2,800 and 8,484
  });

  it('carries what it was sized for', () => {
    for (const rate of [1_000, 10_000, 100_000, 1_000_000]) {
      const { prediction } = sizedFor(rate);
      expect(prediction.throughput).toBeGreaterThanOrEqual(rate);
      expect(prediction.lagGrowth).toBe(0);
    }
  });
});
