import { cpuPer10k, smallerBatchesPer10k, type Costs } from './costs';
import { busiestShare, workingReplicas, type Setup } from './setup';

export type Resource = 'bus-consumer' | 'services' | 'PostgreSQL' | 'WAL' | 'partitions' | 'machine';

/** A resource and the rate of events at which it is used up. */
export interface Limit {
  resource: Resource;
  eventsPerSecond: number;
}

/** A resource that fills while a rate goes on day and night. */
export interface LastingLimit {
  resource: 'disk' | 'WAL of an old store' | 'identities in memory';
  /** The rate at which it never fills. */
  eventsPerSecond: number;
}

const BYTES_PER_PAGE = 8_192;
/** A row of the identities' primary key, free space counted. Hashes are random, so every page is in use. */
export const INDEX_BYTES_PER_IDENTITY = 40;
/** Of an index page that random keys fill; an image in the WAL leaves out the rest. */
const PAGE_FILL = 0.7;
export const SECONDS_PER_DAY = 86_400;

/** What bounds the throughput from the first second, the lowest first. */
export function limitsOf(costs: Costs, setup: Setup): Limit[] {
  const { shards, shard, partitions, batchRecords, batchSeconds, services, sharedCores } = setup;
  const replicas = workingReplicas(setup);
  const perShard = busiestShare(setup, shards);
  const limits: Limit[] = [
    {
      resource: 'bus-consumer',
      eventsPerSecond: 10_000 / costs.consumerPer10k / busiestShare(setup, replicas),
    },
    { resource: 'partitions', eventsPerSecond: (partitions * batchRecords) / batchSeconds },
    { resource: 'WAL', eventsPerSecond: (shard.walMbPerSecond * 1e6) / costs.walBytesPerEvent / perShard },
  ];
  if (services !== null)
    limits.push({ resource: 'services', eventsPerSecond: (services * 10_000) / costs.servicePer10k });
  if (sharedCores === null)
    limits.push({
      resource: 'PostgreSQL',
      eventsPerSecond: (shard.cores * 10_000) / costs.postgresPer10k / perShard,
    });
  else
    limits.push({
      resource: 'machine',
      eventsPerSecond: (sharedCores * 10_000) / (cpuPer10k(costs) + smallerBatchesPer10k(costs, replicas)),
    });
  return limits.sort((a, b) => a.eventsPerSecond - b.eventsPerSecond);
}

/** What bounds a rate that goes on until identities are as old as they get, the lowest first. */
export function lastingLimitsOf(costs: Costs, setup: Setup): LastingLimit[] {
  const { shard, shards, hotDays, identityDays } = setup;
  const perShard = busiestShare(setup, shards);
  const hotBytesPerRate = costs.storedBytesPerEvent * SECONDS_PER_DAY * hotDays;
  const indexBytesPerRate = INDEX_BYTES_PER_IDENTITY * SECONDS_PER_DAY * identityDays;
  const limits: LastingLimit[] = [
    { resource: 'disk', eventsPerSecond: (shard.diskTb * 1e12) / hotBytesPerRate / perShard },
    {
      resource: 'WAL of an old store',
      eventsPerSecond: (shard.walMbPerSecond * 1e6) / oldWalBytesPerEvent(costs, setup) / perShard,
    },
    {
      resource: 'identities in memory',
      eventsPerSecond: (shard.memoryGb * 1e9) / 2 / indexBytesPerRate / perShard,
    },
  ];
  return limits.sort((a, b) => a.eventsPerSecond - b.eventsPerSecond);
}

/**
 * Bytes of WAL once identities are as old as they get. A page that changes for the first time after a checkpoint is
 * written whole, and random keys meet nearly as many pages as there are events. Of n pages, m random rows change
 * n (1 − e^(−m/n)); m/n does not depend on the rate.
 */
export function oldWalBytesPerEvent(costs: Costs, { identityDays, checkpointSeconds }: Setup): number {
  const rowsPerPage =
    (checkpointSeconds * BYTES_PER_PAGE) / (INDEX_BYTES_PER_IDENTITY * identityDays * SECONDS_PER_DAY);
  const imagesPerEvent = (1 - Math.exp(-rowsPerPage)) / rowsPerPage;
  return costs.walBytesPerEvent + imagesPerEvent * BYTES_PER_PAGE * PAGE_FILL;
}
