import type { SeededRandom } from '../random';

/** A fault at a moment, of processes or what is between them. `target` counts from 0. */
export interface PlannedFault {
  kind: FaultKind;
  atMs: number;
  durationMs: number;
  target: number;
}

export const FAULT_KINDS = [
  'kill',
  'restart',
  'stop',
  'rebalance',
  'store-away',
  'store-slow',
  'store-cut',
  'link-away',
  'broker-down',
  'hints-lost',
  'service-down',
  'service-slow',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Longest of each kind, in ms; of a restart: until it starts again. */
const LONGEST_MS: Record<FaultKind, number> = {
  kill: 8000,
  restart: 2000,
  stop: 35_000,
  rebalance: 0,
  'store-away': 7000,
  'store-slow': 4000,
  'store-cut': 0,
  'link-away': 12_000,
  'broker-down': 4000,
  'hints-lost': 0,
  'service-down': 12_000,
  'service-slow': 8000,
};

export function planFaults(random: SeededRandom, untilMs: number, intensity: number): PlannedFault[] {
  const count = Math.round(intensity * random.between(2, 9));
  return Array.from({ length: count }, () => {
    const kind = random.pick(FAULT_KINDS);
    return {
      kind,
      atMs: random.int(untilMs),
      durationMs: random.int(LONGEST_MS[kind] + 1),
      target: random.int(12),
    };
  }).sort((one, other) => one.atMs - other.atMs);
}
