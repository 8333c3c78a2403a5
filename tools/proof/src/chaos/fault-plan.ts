import type { ProofBroker } from '../layer';
import type { SeededRandom } from '../random';

export const PROCESS_FAULTS = ['kill', 'stop', 'term'] as const;
export const LINK_FAULTS = [
  'link.latency',
  'link.bandwidth',
  'link.half-open',
  'link.one-way',
  'link.rst',
  'link.cut',
  'link.refuse',
] as const;
export const SERVICE_FAULTS = [
  'service.slow',
  'service.errors',
  'service.killed-after-success',
  'service.reply-lost',
  'service.reply-wrong',
  'service.reply-garbage',
  'service.reply-huge',
] as const;
export const SERVER_FAULTS = [
  'postgres.kill',
  'postgres.restart',
  'kafka.kill',
  'kafka.restart',
  'connections.terminated',
  'connections.used-up',
] as const;
export type FaultKind =
  | (typeof PROCESS_FAULTS)[number]
  | (typeof LINK_FAULTS)[number]
  | (typeof SERVICE_FAULTS)[number]
  | (typeof SERVER_FAULTS)[number];

export interface PlannedFault {
  atMs: number;
  durationMs: number;
  kind: FaultKind;
  /** Which of what it may hit: modulo the number of those. */
  target: number;
}

/** How many of each in one part. */
export interface FaultCounts {
  kill: number;
  stop: number;
  term: number;
  link: number;
  service: number;
  postgres: number;
  kafka: number;
  terminated: number;
  usedUp: number;
}

/** In random order, at an even pace with jitter, so that faults of different kinds overlap. */
export function planFaults(
  random: SeededRandom,
  broker: ProofBroker,
  counts: FaultCounts,
  spanMs: number,
): PlannedFault[] {
  // A part begins with another kind each time: a few of each kind reach all of them over several parts.
  const some = <K>(kinds: readonly K[], count: number) => {
    const first = random.int(kinds.length);
    return Array.from({ length: count }, (_, at) => kinds[(first + at) % kinds.length] as K);
  };
  const withKafka = broker === 'kafka';
  const kinds: FaultKind[] = [
    ...some(['kill'] as const, counts.kill),
    ...some(['stop'] as const, counts.stop),
    ...some(['term'] as const, counts.term),
    ...some(LINK_FAULTS, counts.link),
    ...some(SERVICE_FAULTS, counts.service),
    ...some(['postgres.kill', 'postgres.kill', 'postgres.restart'] as const, counts.postgres),
    ...some(['kafka.kill', 'kafka.restart'] as const, withKafka ? counts.kafka : 0),
    ...some(['connections.terminated'] as const, counts.terminated),
    ...some(['connections.used-up'] as const, counts.usedUp),
  ];
  const stepMs = spanMs / kinds.length;
  return random.shuffled(kinds).map((kind, at) => ({
    atMs: Math.round((at + random.next()) * stepMs),
    durationMs: durationOf(random, kind),
    kind,
    target: random.int(1_000),
  }));
}

function durationOf(random: SeededRandom, kind: FaultKind): number {
  switch (kind) {
    case 'kill':
    case 'term':
    case 'link.rst':
    case 'connections.terminated':
    case 'service.killed-after-success':
      return 0;
    case 'stop':
      return random.between(2_000, 8_000);
    case 'postgres.kill':
    case 'postgres.restart':
    case 'kafka.kill':
    case 'kafka.restart':
      return random.between(0, 2_000);
    case 'connections.used-up':
      return random.between(1_000, 3_000);
    default:
      return random.between(1_000, 5_000);
  }
}
