import type { DeadCause } from '@bus/contracts';
import type { Page, PageRequest } from './page';

export interface DeadLetterSearch {
  operation: string | null;
  cause: DeadCause | null;
}

export interface ListedDeadLetter {
  eventId: string;
  operation: string;
  attempt: number;
  cause: DeadCause;
  code: string | null;
  reason: string | null;
  diedAt: Date;
  source: string;
  messageId: string;
  type: string;
  key: string | null;
}

/** Port: executions that died, newest event first, for people. */
export abstract class DeadLetters {
  abstract list(search: DeadLetterSearch, page: PageRequest): Promise<Page<ListedDeadLetter>>;
}
