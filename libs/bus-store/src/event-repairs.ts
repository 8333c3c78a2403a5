import type { EventReference } from '@bus/contracts';
import type { ChangeAuthor } from './operation-graphs';

/** Where a record stands in its log. @see QuarantinedRecordSummary */
export interface RecordPlace {
  logId: string;
  partition: number;
  /** A bigint as text. */
  offset: string;
}

/** What an event is sent again from. */
export type LinkOrigin = { eventId: string } | { record: RecordPlace };

export interface LinkRequest {
  origin: LinkOrigin;
  source: string;
  /** `id`: under this one. `after`: under the first of `<after>~2`, `~3`, … that is free. */
  messageId: { id: string } | { after: string };
  /** Of the new event. */
  contentHash: Buffer;
  author: ChangeAuthor & { reason: string };
}

/**
 * `linked`: written now. `repeated`: the same origin with the same content was linked under this id before; publishing
 * again is right, the identity dedupes. `recent`: the same was linked in the last minute under another id: a second
 * click. `taken`: the id belongs to another event.
 */
export type LinkOutcome =
  { outcome: 'linked' | 'repeated' | 'recent'; messageId: string } | { outcome: 'taken' };

/** What a repair tells the audit. */
export interface RepairLine {
  action: 'quarantine.reprocess' | 'quarantine.resend' | 'events.resend';
  target: string;
  author: ChangeAuthor;
  result: string;
}

/** Port: what an operator's repairs leave behind. Publishing lies between these steps; each survives a crash there. */
export abstract class EventRepairs {
  /** Links a new event to what it comes from, before it is published; with its audit line in one transaction. */
  abstract link(request: LinkRequest): Promise<LinkOutcome>;
  /** Marks a quarantined record as published again, with its audit line. `false`: another one was first, nothing is written. */
  abstract markReprocessed(place: RecordPlace, line: RepairLine): Promise<boolean>;
  /** A refusal, or a publish that was not confirmed. */
  abstract note(line: RepairLine): Promise<void>;
}

/** An event that was sent again as, or from, another one. */
export interface LinkedEvent extends EventReference {
  actor: string;
  reason: string;
  linkedAt: Date;
}
