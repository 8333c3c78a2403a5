import { cpuPer10k, smallerBatchesPer10k } from './costs';
import type { FoundCosts } from './find-costs';
import { predict } from './predict';
import { DEFAULT_SETUP, type Setup } from './setup';

/** A prediction that is further from what was measured than this is not to be trusted. */
export const MOST_DEVIATION = 0.15;

/** One measured run beside what the costs with one replica say of it. */
export interface CheckRow {
  replicas: number;
  /** Events/s. */
  measured: number;
  predicted: number;
  /** (predicted − measured) ÷ measured. */
  deviation: number;
  /** CPU seconds of all processes per 10,000 events. */
  measuredCpuPer10k: number;
  predictedCpuPer10k: number;
  /** Cores that were busy. */
  measuredCores: number;
  /** The one whose costs the prediction is made of: it hits itself. */
  isSource: boolean;
}

export interface Check {
  /** What one replica reached of what its costs allow; the others are taken to reach as much. */
  reach: number;
  cores: number;
  rows: CheckRow[];
  /** The largest, sign dropped, of the rows that are no source. */
  worst: number;
  isMet: boolean;
}

/**
 * Predicts the drains of several replicas on one machine from the costs and the rate of one alone. Nothing is fitted to
 * the others: batches are taken to be smaller by the number of replicas, and what one replica leaves idle (the start, the
 * end, waits for the disk) all leave idle.
 * @returns null where only one was measured
 */
export function checkDrains({ drainCosts, drains, cores }: FoundCosts): Check | null {
  const [one] = drains;
  if (!one || drains.length < 2) return null;
  const limitOf = (replicas: number) => predict(drainCosts, drainSetup(cores, replicas), DRAIN).throughput;
  const reach = one.eventsPerSecond / limitOf(1);
  const rows = drains.map(
    ({ replicas, eventsPerSecond: measured, cpuPer10k: measuredCpuPer10k }): CheckRow => {
      const predicted = limitOf(replicas) * reach;
      return {
        replicas,
        measured,
        predicted,
        deviation: predicted / measured - 1,
        measuredCpuPer10k,
        predictedCpuPer10k: cpuPer10k(drainCosts) + smallerBatchesPer10k(drainCosts, replicas),
        measuredCores: (measured * measuredCpuPer10k) / 10_000,
        isSource: replicas === 1,
      };
    },
  );
  const worst = Math.max(
    ...rows.filter(({ isSource }) => !isSource).map(({ deviation }) => Math.abs(deviation)),
  );
  return { reach, cores, rows, worst, isMet: worst <= MOST_DEVIATION };
}

/** As much as it takes. */
const DRAIN = { eventsPerSecond: Infinity, backlogEvents: 0 };

/** As the `kafka` scenario runs: one service, all on one machine. */
function drainSetup(cores: number, replicas: number): Setup {
  return { ...DEFAULT_SETUP, replicas, services: 1, sharedCores: cores };
}
