import type { ProofBroker, Tier } from '../layer';
import type { SeededRandom } from '../random';
import {
  CRASH_HITS,
  CRASH_POINTS,
  CRASH_SIGNALS,
  type CrashPoint,
  type CrashPointName,
  type CrashSignal,
} from './crash-points';

/** One point, one signal, one hit. */
export interface CrashCell {
  /** `claim.before-commit-SIGKILL-3`; begins the messageId of each of its events. */
  name: string;
  point: CrashPoint & { name: CrashPointName };
  signal: CrashSignal;
  hit: number;
  broker: ProofBroker;
}

const QUICK_CELLS = 40;

/**
 * The cells of a tier. Points of publishing and reading alternate over both brokers, all others are on Postgres.
 * `quick` is a choice by the seed that has every point with both signals before it has one twice, rather early hits.
 * @param brokers that can run here
 */
export function cellsOf(tier: Tier, random: SeededRandom, brokers: readonly ProofBroker[]): CrashCell[] {
  const all = CRASH_POINTS.flatMap((point, row) =>
    CRASH_SIGNALS.flatMap((signal, column) =>
      CRASH_HITS.map((hit): CrashCell | null => {
        const broker = brokerOf(point, row + column + hit, brokers);
        return broker && { name: `${point.name}-${signal}-${hit}`, point, signal, hit, broker };
      }),
    ),
  ).filter((cell) => cell !== null);
  return tier === 'quick' ? choose(all, random) : all;
}

/** @returns `null`: with none of them */
function brokerOf(point: CrashPoint, number: number, brokers: readonly ProofBroker[]): ProofBroker | null {
  if (point.broker) return brokers.includes(point.broker) ? point.broker : null;
  if (/^(publish|ingest)\./.test(point.name)) return brokers[number % brokers.length];
  return brokers[0];
}

function choose(all: readonly CrashCell[], random: SeededRandom): CrashCell[] {
  const pairs = new Map<string, CrashCell[]>();
  for (const cell of random.shuffled(all)) {
    const pair = `${cell.point.name} ${cell.signal}`;
    pairs.set(pair, [...(pairs.get(pair) ?? []), cell]);
  }
  const chosen: CrashCell[] = [];
  for (let round = 0; chosen.length < QUICK_CELLS && round < CRASH_HITS.length; round += 1)
    for (const cells of pairs.values()) {
      const cell = cells.at(round);
      if (cell && (round === 0 || chosen.length < QUICK_CELLS)) chosen.push(cell);
    }
  return all.filter((cell) => chosen.includes(cell));
}
