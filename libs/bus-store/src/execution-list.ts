import type { ExecutionState } from '@bus/contracts';
import type { Page, PageRequest, TimeRange } from './page';

/** States that have a home row: listed without a time range. */
export const OPEN_STATES = ['scheduled', 'waiting', 'held', 'in_flight', 'retrying'] as const;

export interface ExecutionSearch {
  /** `null`: all open ones (`OPEN_STATES`). */
  state: ExecutionState | null;
  operation: string | null;
  /** Times of publishing; used for `completed`, `skipped` and `cancelled`, which history alone knows. */
  range: TimeRange;
}

export interface ListedExecution {
  eventId: string;
  operation: string;
  state: ExecutionState;
  attempt: number;
  dueAt: Date | null;
  source: string;
  messageId: string;
  type: string;
  key: string | null;
}

/** Port: executions by state, newest event first, for people. */
export abstract class ExecutionList {
  /** @throws BusError `unavailable` where it takes over 5 s: name the operation, or narrow the range */
  abstract list(search: ExecutionSearch, page: PageRequest): Promise<Page<ListedExecution>>;
}
