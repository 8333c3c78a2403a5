import type { WorkProfile } from './bus/profile';
import type { Arena } from './rig/arena';

export const SCENARIOS = [
  'raw',
  'drain',
  'rpc',
  'steady',
  'dup',
  'fail',
  'slow',
  'hot',
  'delay',
  'big',
  'bloat',
  'restart',
  'burst',
  'idle',
  'publish',
  'kafka',
  'profile',
  'soak',
] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

/** What was measured of one variant: every round's figure. */
export interface Figure {
  unit: string;
  rounds: number[];
}

export interface Row {
  /** A contender, or a size. */
  variant: string;
  settings?: string;
  figures: Record<string, Figure>;
}

export const GOAL_IDS = [
  'P1',
  'P2',
  'P3',
  'P4',
  'P5',
  'P6',
  'P7',
  'P8',
  'P9',
  'P10',
  'P11',
  'P12',
  'P13',
  'P14',
  'RSS',
] as const;

/** A goal of docs/performance.md, as one comparison within this run. */
export interface Goal {
  id: (typeof GOAL_IDS)[number];
  /** What is compared: `events/s ÷ graphile-worker tuned`. */
  text: string;
  figure: number;
  sense: 'at least' | 'at most';
  goal: number;
}

export interface Bars {
  kind: 'bars';
  title: string;
  unit: string;
  categories: string[];
  series: { name: string; values: (number | null)[] }[];
  /** Default false. */
  logarithmic?: boolean;
}
export interface Lines {
  kind: 'lines';
  title: string;
  unit: string;
  xUnit: string;
  series: { name: string; points: [x: number, y: number][] }[];
}

export interface ScenarioResult {
  name: ScenarioName;
  title: string;
  rows: Row[];
  goals: Goal[];
  plots: (Bars | Lines)[];
  /** Windows that others disturbed; they were measured again. */
  rejectedWindows: number;
  notes: string[];
  /** Where the bus spent its time; taken in a round of its own, which counts for no figure. */
  profiles?: { title: string; profile: WorkProfile }[];
  /** Versions of what was compared. */
  versions?: Record<string, string>;
}

/** What a scenario is run with. */
export interface BenchContext {
  quick: boolean;
  /** Medians are of so many. */
  rounds: number;
  /** Windows that others disturb count: for a first look, never for figures. */
  noisy: boolean;
  arena: Arena;
  signal: AbortSignal;
  progress(text: string): void;
}

export interface Scenario {
  name: ScenarioName;
  /** One line for people. */
  title: string;
  /** In `--quick`, too. */
  quick: boolean;
  run(context: BenchContext): Promise<ScenarioResult>;
}
