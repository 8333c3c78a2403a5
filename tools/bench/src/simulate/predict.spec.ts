import type { Costs } from './costs';
import { lastingLimitsOf, limitsOf, oldWalBytesPerEvent } from './limits';
import { predict } from './predict';
import { DEFAULT_SETUP, type Setup } from './setup';

/** 3 s of CPU per 10,000 events. */
const COSTS: Costs = {
  producerPer10k: 0.25,
  consumerPer10k: 1,
  servicePer10k: 0.5,
  postgresPer10k: 1,
  brokerPer10k: 0.25,
  walBytesPerEvent: 2_000,
  storedBytesPerEvent: 1_000,
  secondsPerStatement: 0.001,
  statementsPer10k: 100,
  atRestMs: 2,
};
const SETUP: Setup = {
  ...DEFAULT_SETUP,
  shard: { cores: 4, walMbPerSecond: 100, memoryGb: 128, diskTb: 10 },
};

const limit = (resource: string, over: Partial<Setup>) =>
  limitsOf(COSTS, { ...SETUP, ...over }).find((one) => one.resource === resource)?.eventsPerSecond;

describe(limitsOf, () => {
  it('gives each resource the rate at which it is used up, the lowest first', () => {
    expect(limitsOf(COSTS, SETUP)).toEqual([
      { resource: 'bus-consumer', eventsPerSecond: 20_000 }, // 2 cores ÷ 1 s
      { resource: 'PostgreSQL', eventsPerSecond: 40_000 }, // 4 cores ÷ 1 s
      { resource: 'WAL', eventsPerSecond: 50_000 }, // 100 MB ÷ 2 KB
      { resource: 'partitions', eventsPerSecond: 200_000 }, // 12 × 500 records in 30 ms
    ]);
  });

  it('lets the replica with the most partitions decide', () => {
    expect(limit('bus-consumer', { replicas: 5 })).toBe(40_000); // 3 of 12 partitions are with one
    expect(limit('bus-consumer', { replicas: 6 })).toBe(60_000);
    expect(limit('bus-consumer', { replicas: 11 })).toBe(60_000); // 2 of 12
  });

  it('gives replicas beyond the partitions nothing to do', () => {
    expect(limit('bus-consumer', { replicas: 12 })).toBe(120_000);
    expect(limit('bus-consumer', { replicas: 40 })).toBe(120_000);
  });

  it('divides by shards as partitions are', () => {
    expect(limit('WAL', { shards: 4 })).toBe(200_000);
    expect(limit('WAL', { shards: 5 })).toBe(200_000); // 3 of 12 partitions are with one
    expect(limit('PostgreSQL', { shards: 4 })).toBe(160_000);
  });

  it('counts a called service where its processes are counted', () => {
    expect(limit('services', {})).toBeUndefined();
    expect(limit('services', { services: 1 })).toBe(20_000);
  });

  it('adds up all processes on shared cores', () => {
    expect(limit('machine', { replicas: 1, sharedCores: 3 })).toBe(10_000); // 3 cores ÷ 3 s
    expect(limit('PostgreSQL', { replicas: 1, sharedCores: 3 })).toBeUndefined();
  });

  it('makes batches smaller by the number of replicas on shared cores, down to an event each', () => {
    // 3 times 100 statements more, 1 ms each: 3.3 s
    expect(limit('machine', { replicas: 4, sharedCores: 3 })).toBeCloseTo(30_000 / 3.3);
    // 99 times 100 more: 12.9 s
    const many = { replicas: 1_000, partitions: 1_000, sharedCores: 3 };
    expect(limit('machine', many)).toBeCloseTo(30_000 / 12.9);
  });
});

describe(lastingLimitsOf, () => {
  it('tells the rates that disk, WAL and memory bear for good', () => {
    const [identities, disk, wal] = lastingLimitsOf(COSTS, SETUP);
    // 64 GB ÷ (40 B × 121 days)
    expect(identities?.resource).toBe('identities in memory');
    expect(identities?.eventsPerSecond).toBeCloseTo(64e9 / (40 * 86_400 * 121));
    // 10 TB ÷ (1 KB × 30 days)
    expect(disk?.resource).toBe('disk');
    expect(disk?.eventsPerSecond).toBeCloseTo(3_858, 0);
    expect(wal?.resource).toBe('WAL of an old store');
    expect(wal?.eventsPerSecond).toBeCloseTo(100e6 / 7_684, -1);
  });

  it('writes nearly a page image an event where random keys meet a large index', () => {
    // 0.0176 rows a page between checkpoints: 0.991 images of 5,734 bytes
    expect(oldWalBytesPerEvent(COSTS, SETUP)).toBeCloseTo(2_000 + 5_684, 0);
    // 2.13 rows a page: 0.413 images
    expect(oldWalBytesPerEvent(COSTS, { ...SETUP, identityDays: 1 })).toBeCloseTo(2_000 + 2_370, -1);
  });
});

describe(predict, () => {
  it('carries what is offered below the lowest limit, at its cost', () => {
    expect(predict(COSTS, SETUP, { eventsPerSecond: 10_000, backlogEvents: 20_000 })).toMatchObject({
      throughput: 20_000,
      binds: 'bus-consumer',
      utilisation: { 'bus-consumer': 0.5, PostgreSQL: 0.25, WAL: 0.2, partitions: 0.05 },
      lagGrowth: 0,
      backlogSeconds: 2, // 10,000/s to spare
      latencyMs: 4, // half busy: as long a wait as at rest
      cost: {
        cores: 3,
        postgresCores: 1,
        walMbPerSecond: 20,
        storedGbPerDay: 864,
        connections: { perShard: 12, all: 12 },
        identityGbPerDay: 34.56,
      },
    });
  });

  it('falls behind by what is beyond it, and costs no more than it can do', () => {
    expect(predict(COSTS, SETUP, { eventsPerSecond: 30_000, backlogEvents: 1 })).toMatchObject({
      throughput: 20_000,
      lagGrowth: 10_000,
      backlogSeconds: null,
      latencyMs: null,
      cost: { cores: 6 },
    });
  });

  it('has no wait where nothing is offered, and nothing to catch up with', () => {
    const rest = predict(COSTS, SETUP, { eventsPerSecond: 0, backlogEvents: 0 });
    expect(rest).toMatchObject({ latencyMs: 2, backlogSeconds: 0, cost: { cores: 0 } });
  });

  it('has every replica reach every shard', () => {
    const { cost } = predict(COSTS, { ...SETUP, shards: 3 }, { eventsPerSecond: 1, backlogEvents: 0 });
    expect(cost.connections).toEqual({ perShard: 12, all: 36 });
  });
});
