import type { DeadCause } from '@bus/contracts';
import type { ReplayFilter } from './replay-runs';

export interface ReplayPreviewGroup {
  operation: string;
  cause: DeadCause;
  executions: number;
  events: number;
  earliestDiedAt: Date;
  latestDiedAt: Date;
}

export interface ReplayPreviewRow {
  eventId: string;
  operation: string;
  attempt: number;
  cause: DeadCause;
  code: string | null;
  diedAt: Date;
  source: string;
  messageId: string;
  type: string;
  key: string | null;
}

/**
 * `operation_paused`, `operation_disabled`: replayed ones are held. `too_old`: will be refused.
 * `lane_blocked`: will wait behind another dead event.
 */
export interface ReplayWarning {
  code: 'operation_paused' | 'operation_disabled' | 'too_old' | 'lane_blocked';
  operation: string;
  executions: number;
}

export interface ReplayPreview {
  executions: number;
  events: number;
  groups: ReplayPreviewGroup[];
  /** ≤ 20, oldest events first. */
  sample: ReplayPreviewRow[];
  warnings: ReplayWarning[];
}

/** Port: what a replay run would touch; changes nothing. */
export abstract class ReplayPreviews {
  abstract preview(filter: ReplayFilter): Promise<ReplayPreview>;
}
