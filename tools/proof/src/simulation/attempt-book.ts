import type { AttemptEnd } from '@bus/store';
import type { ExecutionMove, InMemoryStore } from '@bus/store/testing';

/** What is known of one attempt beside its row; ms of the database clock. */
export interface AttemptNote {
  startedMs: number;
  leaseEndsMs: number;
  /** Ends of it that the store took. */
  ends: number;
  /** As its dispatcher asked for when it wrote its end. */
  nextDueMs?: number;
}

/** When attempts started, until when they were leased, and when the next one was to be: rows that are gone at the end. */
export class AttemptBook {
  private readonly notes = new Map<string, AttemptNote>();

  constructor(private readonly nowMs: () => number) {}

  /** After each transaction. */
  moved({ eventId, operationId, to }: ExecutionMove, store: InMemoryStore): void {
    if (to !== 'in_flight') return;
    const row = store.inFlight.get(`${eventId}/${operationId}`);
    if (!row) return;
    const note = { startedMs: this.nowMs(), leaseEndsMs: row.leaseUntilMs, ends: 0 };
    this.notes.set(`${eventId}/${operationId}/${row.attempt}`, note);
  }

  /** The store took its end. */
  ended({ eventId, operationId, attempt, after }: AttemptEnd): void {
    const note = this.notes.get(`${eventId}/${operationId}/${attempt}`);
    if (note) note.ends++;
    if (note && after.kind === 'again') note.nextDueMs = this.nowMs() + after.inMs;
  }

  of(eventId: string, operationId: number, attempt: number): AttemptNote | undefined {
    return this.notes.get(`${eventId}/${operationId}/${attempt}`);
  }
}
