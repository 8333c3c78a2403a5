import type { IncomingRecord } from '../broker-record';
import type { QueuedRecord } from '../record-batcher';
import { readHeaders } from './record-headers';

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
 * A notification as APPEND writes it: the partitions that grew, and where the records fit, a line with the instant (ms)
 * and the first offset of each partition, and a line with the records.
 */
export function readNotification(payload: string): Notification {
  const [grown = '', bases = '', told = ''] = payload.split('\n', 3);
  const partitions = grown.split(',').map(Number);
  if (told === '') return { partitions, records: [] };
  const [appendedMs, ...offsets] = bases.split(',');
  const appendedAt = new Date(Number(appendedMs));
  const first = new Map(partitions.map((partition, at) => [partition, BigInt(offsets[at] ?? 0)]));
  const records = (JSON.parse(told) as Told[]).map(
    ([partition, place, key, headers, value]): IncomingRecord => ({
      partition,
      offset: (first.get(partition) ?? 0n) + BigInt(place),
      key: Buffer.from(key),
      value: Buffer.from(value, 'latin1'),
      headers: readHeaders(headers),
      appendedAt,
    }),
  );
  return { partitions, records };
}
