import type { DeadCause } from '@bus/contracts';
import type { ChangeAuthor } from './operation-graphs';
import type { Page, PageRequest } from './page';

/** Which dead letters; what is `null` selects all. */
export interface ReplayFilter {
  operation: string | null;
  /** `null` or ≥ 1. */
  causes: DeadCause[] | null;
  eventType: string | null;
  code: string | null;
  /** RFC 3339, included. */
  diedFrom: string | null;
  /** RFC 3339, excluded. */
  diedTo: string | null;
  source: string | null;
  key: string | null;
  /** ≤ 500. */
  messageIds: string[] | null;
}

export const REPLAY_RUN_STATES = ['running', 'paused', 'completed', 'cancelled'] as const;
/** `completed` and `cancelled` are final. */
export type ReplayRunState = (typeof REPLAY_RUN_STATES)[number];

export interface ReplayRun {
  runId: string;
  state: ReplayRunState;
  filter: ReplayFilter;
  /** Executions per second. */
  ratePerSecond: number;
  /** Dead letters that the filter found when the run was started. */
  selected: number;
  replayed: number;
  /** Somebody else was faster, or they went on. */
  conflicts: number;
  /** Cancelled, or older than services remember. */
  refused: number;
  actor: string;
  reason: string;
  /** Only what died before this is replayed. */
  createdAt: Date;
  endedAt: Date | null;
}

export interface ReplayRunStart {
  filter: ReplayFilter;
  /** 1 to 1,000. */
  ratePerSecond: number;
  /** The same key gives the same run; `null`: always a new one. */
  idempotencyKey: string | null;
  author: ChangeAuthor & { reason: string };
}

export type ReplayRunStarted =
  | { outcome: 'started' | 'known'; run: ReplayRun }
  /** The key belongs to a run with another filter or rate. */
  | { outcome: 'conflict' };

export type ReplayRunChanged =
  | { outcome: 'changed' | 'unchanged'; run: ReplayRun }
  /** It has ended. */
  | { outcome: 'conflict'; run: ReplayRun }
  | { outcome: 'not_found' };

/** Port: runs that replay many dead letters, throttled. Every change leaves an `audit_entry`. */
export abstract class ReplayRuns {
  abstract start(start: ReplayRunStart): Promise<ReplayRunStarted>;
  abstract find(runId: string): Promise<ReplayRun | null>;
  /** Newest first. */
  abstract list(page: PageRequest): Promise<Page<ReplayRun>>;
  /** Pauses, resumes or cancels; holds from the next executions on. */
  abstract change(
    runId: string,
    state: 'running' | 'paused' | 'cancelled',
    author: ChangeAuthor,
  ): Promise<ReplayRunChanged>;
}
