/** What events with four operations cost; CPU seconds are per 10,000 events. */
export interface Costs {
  producerPer10k: number;
  consumerPer10k: number;
  servicePer10k: number;
  postgresPer10k: number;
  brokerPer10k: number;
  walBytesPerEvent: number;
  storedBytesPerEvent: number;
  /** CPU seconds of PostgreSQL that a statement takes however few rows it has; a part of `postgresPer10k`. */
  secondsPerStatement: number;
  /** Statements of one replica at full speed for 10,000 events. */
  statementsPer10k: number;
  /** From publish to the last durable result where nothing else goes on, ms. */
  atRestMs: number;
}

/**
 * Until they are measured: those of a prototype on two shared cores with Node 20; producer and broker are rough. What
 * `statement-budget.spec` of bus-consumer counts is below `statementsPer10k` on any machine.
 */
export const ASSUMED_COSTS: Readonly<Costs> = {
  producerPer10k: 1,
  consumerPer10k: 1.01,
  servicePer10k: 0.46,
  postgresPer10k: 0.67,
  brokerPer10k: 0.3,
  walBytesPerEvent: 2_800,
  storedBytesPerEvent: 1_900,
  secondsPerStatement: 0.0003,
  statementsPer10k: 200,
  atRestMs: 2.3,
};

/** CPU seconds of all processes per 10,000 events. */
export function cpuPer10k(costs: Costs): number {
  const { producerPer10k, consumerPer10k, servicePer10k, postgresPer10k, brokerPer10k } = costs;
  return producerPer10k + consumerPer10k + servicePer10k + postgresPer10k + brokerPer10k;
}

/**
 * What n replicas on the same cores cost more than one: each is slower, so its batches are smaller, at worst by n; a
 * statement's fixed part is paid more often, at most once an event. An upper bound: a busy PostgreSQL lets batches grow.
 * @returns CPU seconds of PostgreSQL per 10,000 events
 */
export function smallerBatchesPer10k(costs: Costs, replicas: number): number {
  const times = Math.min(replicas, 10_000 / costs.statementsPer10k);
  return (times - 1) * costs.statementsPer10k * costs.secondsPerStatement;
}
