import type { Costs } from './costs';
import { lastingLimitsOf, limitsOf } from './limits';
import { predict, type Prediction } from './predict';
import type { Setup } from './setup';

/** Of a replica's core, so that it catches up after an outage. */
const MOST_BUSY = 0.6;
const FEWEST_REPLICAS = 2;
const PARTITIONS_PER_REPLICA = 3;

/** The smallest setup that carries a rate, and how it fares. */
export interface Sized {
  setup: Setup;
  /** Shards once identities are as old as they get. */
  oldShards: number;
  prediction: Prediction;
}

/**
 * Replicas at 60 % of a core on average, partitions doubled from the base's until they are three times as many, and
 * shards that divide the partitions, so that each has the same.
 * @param base what is not sized
 */
export function sizeSetup(costs: Costs, base: Setup, eventsPerSecond: number): Sized {
  const wanted = Math.ceil((eventsPerSecond * costs.consumerPer10k) / 10_000 / MOST_BUSY);
  const replicas = Math.max(FEWEST_REPLICAS, wanted);
  let { partitions } = base;
  while (partitions < PARTITIONS_PER_REPLICA * replicas) partitions *= 2;
  const sized = { ...base, replicas, partitions };
  const fewest = (allows: (setup: Setup) => number) => {
    for (let shards = 1; shards < partitions; shards += 1)
      if (partitions % shards === 0 && allows({ ...sized, shards }) >= eventsPerSecond) return shards;
    return partitions;
  };
  const setup = { ...sized, shards: fewest((one) => limitOf(limitsOf(costs, one), ['PostgreSQL', 'WAL'])) };
  return {
    setup,
    oldShards: Math.max(
      setup.shards,
      fewest((one) => limitOf(lastingLimitsOf(costs, one), ['WAL of an old store'])),
    ),
    prediction: predict(costs, setup, { eventsPerSecond, backlogEvents: 0 }),
  };
}

function limitOf(limits: readonly { resource: string; eventsPerSecond: number }[], of: readonly string[]) {
  return Math.min(
    ...limits.filter(({ resource }) => of.includes(resource)).map((limit) => limit.eventsPerSecond),
  );
}
