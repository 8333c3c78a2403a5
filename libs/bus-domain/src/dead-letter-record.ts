import type { DeadCause } from '@bus/contracts';
import { encodeRecord } from './event-record';
import type { IncomingEvent, OutgoingRecord } from './incoming-event';

/** How an execution of an event died. */
export interface MirroredDeath {
  operation: string;
  /** The last one. */
  attempt: number;
  cause: DeadCause;
  code: string | null;
  reason: string | null;
  /** RFC 3339. */
  diedAt: string;
}

/** CloudEvents extension attributes of a mirrored dead letter. */
export const DEATH_HEADER = {
  operation: 'ce_operation',
  attempt: 'ce_attempt',
  cause: 'ce_deadcause',
  code: 'ce_deadcode',
  reason: 'ce_deadreason',
  diedAt: 'ce_diedat',
} as const;

/**
 * The mirror of a dead letter: the record of its event, key and payload unchanged, and who died of what. Not to be read
 * as an event: it keeps the event's `ce_id`, so that (source, id, operation, attempt) names it however often it comes.
 * @see CloudEvents 1.0.2, Kafka protocol binding §3.2 (binary content mode)
 */
export function encodeDeadLetter(event: IncomingEvent, death: MirroredDeath): OutgoingRecord {
  const record = encodeRecord(event);
  const headers: Record<string, string> = {
    ...record.headers,
    [DEATH_HEADER.operation]: death.operation,
    [DEATH_HEADER.attempt]: String(death.attempt),
    [DEATH_HEADER.cause]: death.cause,
    [DEATH_HEADER.diedAt]: death.diedAt,
  };
  if (death.code !== null) headers[DEATH_HEADER.code] = death.code;
  if (death.reason !== null) headers[DEATH_HEADER.reason] = death.reason;
  return { ...record, headers };
}
