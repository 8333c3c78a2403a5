import { hash } from 'node:crypto';
import { v7 } from 'uuid';
import { uuidTextOf } from './uuid-text';

/** 2⁴⁸ − 1: the last millisecond that a UUIDv7 can carry. */
const LAST_UUID_MS = 281474976710655;
/** Of the id under way. */
const bytes = Buffer.alloc(16);
const UUID_V7_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * A new event id, UUIDv7 (RFC 9562 §5.7): sorts by time, so that a day's events share a partition.
 * @param random 16 fresh random bytes
 */
export function newEventId(from: { nowMs: number; random: Uint8Array }): string {
  v7({ msecs: Math.min(Math.max(Math.trunc(from.nowMs), 0), LAST_UUID_MS), random: from.random }, bytes);
  return uuidTextOf(bytes.toString('hex'));
}

/**
 * Event id of a record whose writer gave none that the bus can take: a UUIDv7 of its append time, the same at every
 * redelivery.
 */
export function derivedEventId(record: {
  logId: string;
  partition: number;
  offset: bigint;
  appendedAt: Date;
}): string {
  const nowMs = record.appendedAt.getTime();
  const place = `${record.logId}\0${record.partition}\0${record.offset}\0${nowMs}`;
  return newEventId({ nowMs, random: hash('sha256', place, 'buffer').subarray(0, 16) });
}

/** Milliseconds since the epoch that a UUIDv7 carries; `null` where the text is none (lower case, RFC 9562). */
export function eventIdTimeMs(eventId: string): number | null {
  if (!UUID_V7_PATTERN.test(eventId)) return null;
  return Number.parseInt(eventId.slice(0, 8) + eventId.slice(9, 13), 16);
}

/** Key of `event_identity`: the first 16 bytes of SHA-256(source, 0x00, messageId), written as a UUID. */
export function identityOf(source: string, messageId: string): string {
  return uuidTextOf(hash('sha256', `${source}\0${messageId}`, 'hex'));
}
