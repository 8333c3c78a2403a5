import type { AdminApi } from './admin-api';
import type { ReplayFilterView } from './replay-filter';

export interface ReplayRunView {
  runId: string;
  state: 'running' | 'paused' | 'completed' | 'cancelled';
  ratePerSecond: number;
  selected: number;
  replayed: number;
  conflicts: number;
  refused: number;
}

export interface ReplayPreviewView {
  executions: number;
  events: number;
  groups: {
    operation: string;
    cause: string;
    executions: number;
    events: number;
    earliestDiedAt: string;
    latestDiedAt: string;
  }[];
  sample: {
    eventId: string;
    operation: string;
    attempt: number;
    cause: string;
    code: string | null;
    source: string;
    messageId: string;
  }[];
  warnings: { code: string; operation: string; executions: number; message: string }[];
}

interface Author {
  actor: string;
  reason: string;
}

export function previewReplay(api: AdminApi, filter: ReplayFilterView): Promise<ReplayPreviewView> {
  return api.post('/replays/preview', { filter });
}

/** @param key the same key gives the same run; default: always a new one @throws AdminApiError */
export function startReplay(
  api: AdminApi,
  start: { filter: ReplayFilterView; ratePerSecond: number; key?: string | undefined; author: Author },
): Promise<ReplayRunView> {
  const { filter, ratePerSecond, key, author } = start;
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  return api.post('/replays', { filter, ratePerSecond, ...author }, headers);
}

/** @throws AdminApiError with status 404 where there is no such run */
export function readReplay(api: AdminApi, runId: string): Promise<ReplayRunView> {
  return api.get(`/replays/${encodeURIComponent(runId)}`);
}

/** @throws AdminApiError with status 409 where the run has ended */
export function changeReplay(
  api: AdminApi,
  runId: string,
  state: 'running' | 'paused' | 'cancelled',
  author: Author,
): Promise<ReplayRunView> {
  return api.patch(`/replays/${encodeURIComponent(runId)}`, { state, ...author });
}
