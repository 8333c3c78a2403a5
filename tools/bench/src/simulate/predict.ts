import { cpuPer10k, smallerBatchesPer10k, type Costs } from './costs';
import {
  INDEX_BYTES_PER_IDENTITY,
  lastingLimitsOf,
  limitsOf,
  oldWalBytesPerEvent,
  SECONDS_PER_DAY,
  type LastingLimit,
  type Limit,
  type Resource,
} from './limits';
import { connectionsOf, workingReplicas, type Setup } from './setup';
import { waitingFactor } from './waiting';

export interface Load {
  /** Published. */
  eventsPerSecond: number;
  /** Events that wait in the log already. */
  backlogEvents: number;
}

/** What a setup makes of a load. */
export interface Prediction {
  load: Load;
  /** The most that it can do. */
  throughput: number;
  /** What stops it there. */
  binds: Resource;
  /** At the rate that is carried: what is offered, or the throughput. 0 to 1, by resource. */
  utilisation: Partial<Record<Resource, number>>;
  limits: Limit[];
  lasting: LastingLimit[];
  /** Events by which it falls behind each second. */
  lagGrowth: number;
  /** Until the backlog is gone while the load goes on; null: never. */
  backlogSeconds: number | null;
  /** An estimate, for services that answer at once; null: it only grows. */
  latencyMs: number | null;
  cost: Cost;
}

/** Of the rate that is carried. */
export interface Cost {
  cores: number;
  postgresCores: number;
  walMbPerSecond: number;
  /** Once identities are as old as they get. */
  oldWalMbPerSecond: number;
  storedGbPerDay: number;
  connections: { perShard: number; all: number };
  /** Their index, all shards together, after a day and once they are as old as they get. */
  identityGbPerDay: number;
  identityGb: number;
}

/**
 * Reckons by means: each resource carries what its cost allows, and the lowest binds. Costs are those of full batches;
 * below full load batches are smaller and a machine is somewhat busier than told here.
 */
export function predict(costs: Costs, setup: Setup, load: Load): Prediction {
  const limits = limitsOf(costs, setup);
  const { resource: binds, eventsPerSecond: throughput } = limits[0] as Limit;
  const carried = Math.min(load.eventsPerSecond, throughput);
  const spare = throughput - load.eventsPerSecond;
  return {
    load,
    throughput,
    binds,
    utilisation: Object.fromEntries(
      limits.map(({ resource, eventsPerSecond }) => [resource, carried / eventsPerSecond]),
    ),
    limits,
    lasting: lastingLimitsOf(costs, setup),
    lagGrowth: Math.max(0, -spare),
    backlogSeconds: load.backlogEvents === 0 ? 0 : spare > 0 ? load.backlogEvents / spare : null,
    latencyMs: latencyOf(costs, setup, limits, load.eventsPerSecond),
    cost: costOf(costs, setup, carried),
  };
}

/** The time at rest, and the wait for the resource that makes one wait longest, as if the whole of it were spent there. */
function latencyOf(costs: Costs, setup: Setup, limits: readonly Limit[], eventsPerSecond: number) {
  const waits = limits.map((limit) =>
    waitingFactor(eventsPerSecond / limit.eventsPerSecond, serversOf(limit.resource, setup)),
  );
  const latencyMs = costs.atRestMs * (1 + Math.max(...waits));
  return Number.isFinite(latencyMs) ? latencyMs : null;
}

/** How many take from one queue. Replicas do not: each has partitions of its own. */
function serversOf(resource: Resource, { shard, sharedCores, services }: Setup): number {
  if (resource === 'PostgreSQL') return shard.cores;
  if (resource === 'machine') return sharedCores ?? 1;
  if (resource === 'services') return services ?? 1;
  return 1;
}

function costOf(costs: Costs, setup: Setup, eventsPerSecond: number): Cost {
  const more = setup.sharedCores === null ? 0 : smallerBatchesPer10k(costs, workingReplicas(setup));
  const per = (amount: number) => amount * eventsPerSecond;
  const identityGbPerDay = per(INDEX_BYTES_PER_IDENTITY * SECONDS_PER_DAY) / 1e9;
  return {
    cores: per(cpuPer10k(costs) + more) / 10_000,
    postgresCores: per(costs.postgresPer10k + more) / 10_000,
    walMbPerSecond: per(costs.walBytesPerEvent) / 1e6,
    oldWalMbPerSecond: per(oldWalBytesPerEvent(costs, setup)) / 1e6,
    storedGbPerDay: per(costs.storedBytesPerEvent * SECONDS_PER_DAY) / 1e9,
    connections: connectionsOf(setup),
    identityGbPerDay,
    identityGb: identityGbPerDay * setup.identityDays,
  };
}
