import type { InvariantVerdict } from './checker/check-evidence';

export const TIERS = ['quick', 'full', 'release'] as const;
export type Tier = (typeof TIERS)[number];

export const BROKERS = ['postgres', 'kafka'] as const;
export type ProofBroker = (typeof BROKERS)[number];

/** In the order in which they run: the cheap ones first. */
export const LAYERS = [
  'model',
  'simulation',
  'races',
  'crash',
  'chaos',
  'recovery',
  'storm',
  'plants',
  'hostile',
  'soak',
] as const;
export type LayerName = (typeof LAYERS)[number];

export interface LayerContext {
  tier: Tier;
  /** Everything random follows from it. */
  seed: number;
  /** Only this one; `null`: as the layer sees fit, both where it can. */
  broker: ProofBroker | null;
  /** Absolute; exists; of this run alone. What a person may want to look at after a failure stays there. */
  workDir: string;
  /** One line of progress: what is done, of how much. */
  progress(text: string): void;
  /** Ends the layer early: it stops what it has started and rejects with the reason. */
  signal: AbortSignal;
  /**
   * Work that a stopped run of the same tier, seed and commit had finished, by part: a chunk of seeds, a cell, a
   * scenario. A layer skips those parts and takes their result from here.
   */
  done: ReadonlyMap<string, PartResult>;
  /** Keeps a finished part, so that a stopped run goes on behind it. */
  keep(part: string, result: PartResult): void;
}

/** A fault that was injected, for the timeline. */
export interface InjectedFault {
  /** Since the start of its part. */
  atMs: number;
  /** Default 0: a moment. */
  durationMs?: number;
  /** `kill`, `stop`, `postgres.kill`, `kafka.restart`, `link.cut` … : the row of the picture. */
  kind: string;
  /** Process or link. */
  target: string;
}

/** Something that must not happen; one is enough to fail the run. */
export interface Violation {
  /** `I4`, a race's name, a plant's name. */
  rule: string;
  /** What was seen, with the ids that a person needs to find it again. */
  detail: string;
  /** What repeats it: a seed, a cell's name. */
  repeat: string;
}

export interface Histogram {
  name: string;
  unit: 'ms' | 's' | 'MB';
  count: number;
  min: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** What one part of a layer found; small enough to be kept as JSON. */
export interface PartResult {
  part: string;
  durationMs: number;
  /** Counts that are summed over the parts of a layer: `seeds`, `rounds`, `cells`, `events`, `faults.kill` … */
  counts: Record<string, number>;
  violations: Violation[];
  invariants?: InvariantVerdict[];
  histograms?: Histogram[];
  timeline?: InjectedFault[];
  /** Worth a line in the report: a measured recovery, why something was not run. */
  notes?: string[];
}

export interface Layer {
  name: LayerName;
  /** For people: what it does, in a sentence. */
  title: string;
  /** Why it cannot run here (no Java …); `null`: it can. */
  cannotRun?(): string | null;
  /** Resolves with every part, kept ones included. @throws where it cannot go on: the run has then failed */
  run(context: LayerContext): Promise<PartResult[]>;
}
