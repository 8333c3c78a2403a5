import { createHash } from 'node:crypto';
import type { IncomingRecord } from '../broker-record';
import type { QueuedRecord } from '../record-batcher';
import { LogRecord } from './log-record';

/** What PostgreSQL lets a notification carry, less the lines that the server writes. @see https://www.postgresql.org/docs/current/sql-notify.html */
const TOLD_BYTES = 6_000;

/** Subscribers that sleep are told of what was committed. */
export interface Notification {
  partitions: number[];
  /** All records of the flush, where they fit: nobody has to read them. Else empty. */
  records: IncomingRecord[];
}

type Told = [partition: number, place: number, key: string, headers: string, value: string];

/**
 * The records of a small flush as text, to go with its notification; `null`: they don't fit. Values are written byte by
 * byte (latin1), whatever they hold.
 * @param headers of each record, as the log keeps them
 */
export function tell(batch: readonly QueuedRecord[], headers: readonly string[]): string | null {
  if (batch.reduce((sum, { bytes }) => sum + bytes, 0) > TOLD_BYTES) return null;
  const places = new Map<number, number>();
  const told = batch.map(({ record, partition }, at): Told => {
    const place = places.get(partition) ?? 0;
    places.set(partition, place + 1);
    return [partition, place, record.key, headers[at] ?? '[]', record.value.toString('latin1')];
  });
  const text = JSON.stringify(told);
  return Buffer.byteLength(text) > TOLD_BYTES ? null : text;
}

/**
 * A notification as APPEND writes it: the partitions that grew; where the records fit, before them a line with the seal,
 * behind them a line with the instant (ms) and the first offset of each partition, and a line with the records.
 * @param key of the log. What bears no seal made with it was written by somebody else: it wakes, and tells nothing.
 */
export function readNotification(payload: string, key: string): Notification {
  if (!payload.includes('\n')) return { partitions: numbers(payload), records: [] };
  const [seal = '', grown = '', bases = '', told = ''] = payload.split('\n', 4);
  const partitions = numbers(grown);
  if (seal !== sealOf(payload.slice(seal.length + 1), key)) return { partitions, records: [] };
  const [appendedMs, ...offsets] = bases.split(',');
  const appendedAt = new Date(Number(appendedMs));
  const first = new Map(partitions.map((partition, at) => [partition, BigInt(offsets[at] ?? 0)]));
  const records = (JSON.parse(told) as Told[]).map(([partition, place, recordKey, headers, value]) => {
    const offset = (first.get(partition) ?? 0n) + BigInt(place);
    return new LogRecord(partition, offset, recordKey, headers, Buffer.from(value, 'latin1'), appendedAt);
  });
  return { partitions, records };
}

function numbers(text: string): number[] {
  return text.split(',').map(Number);
}

/** The key on both sides: SHA-256 alone could be continued by who knows the seal of a shorter text. */
function sealOf(text: string, key: string): string {
  return createHash('sha256').update(`${key}${text}${key}`).digest('hex');
}
