/** What the bus runs on. A replica is one core at most: Node has one thread, and its collector's beside it. */
export interface Setup {
  /** Of bus-consumer; those beyond the partitions have nothing to do. */
  replicas: number;
  partitions: number;
  /** Records that a partition ingests at once, and how long that takes: it takes one batch after another. */
  batchRecords: number;
  batchSeconds: number;
  /** Of PostgreSQL; partitions are spread evenly over them. Only 1 is built. */
  shards: number;
  shard: Readonly<Shard>;
  /** Processes of the called service, a core each; null: as many as are needed. */
  services: number | null;
  /** Of the one machine that all processes share; null: each process is on cores of its own. */
  sharedCores: number | null;
  /** Days that events and attempts are kept (`RETENTION_DAYS`). */
  hotDays: number;
  /** Days that identities are kept: 91 after the day of their event was dropped. */
  identityDays: number;
  /** `checkpoint_timeout`, with a `max_wal_size` that lets it be reached. */
  checkpointSeconds: number;
}

/** One server. */
export interface Shard {
  cores: number;
  /** What its disk and its standby take for good. */
  walMbPerSecond: number;
  memoryGb: number;
  diskTb: number;
}

/** `DATABASE_POOL` of each replica. */
const CONNECTIONS = 6;

export const DEFAULT_SETUP: Readonly<Setup> = {
  replicas: 2,
  partitions: 12,
  batchRecords: 500,
  batchSeconds: 0.03,
  shards: 1,
  shard: { cores: 8, walMbPerSecond: 100, memoryGb: 128, diskTb: 10 },
  services: null,
  sharedCores: null,
  hotDays: 30,
  identityDays: 30 + 91,
  checkpointSeconds: 900,
};

/** Replicas that have a partition. */
export function workingReplicas({ replicas, partitions }: Setup): number {
  return Math.min(replicas, partitions);
}

/** Share of the events that the busiest of `parts` gets, 0 to 1: partitions are not divided. */
export function busiestShare({ partitions }: Setup, parts: number): number {
  return Math.ceil(partitions / parts) / partitions;
}

/** Every replica reaches every shard. */
export function connectionsOf({ replicas, shards }: Setup): { perShard: number; all: number } {
  return { perShard: CONNECTIONS * replicas, all: CONNECTIONS * replicas * shards };
}
