import type { Pool } from 'pg';
import { BATCH_BYTES, BATCH_RECORDS } from '../broker-options';
import type { IncomingRecord } from '../broker-record';
import type { LogBounds, PartitionProgress } from '../partition-progress';
import { LogRecord } from './log-record';

/** Up to so many records and 1 MB (at least one record) of each partition, by the primary key of `record`. */
const READ = `
select r.partition, r."offset", r.key, r.headers, r.value, date_part('epoch', r.appended_at) as appended_at
  from unnest($1::integer[], $2::bigint[]) as wanted(partition, position)
 cross join lateral (
   select * from (
     select partition, "offset", key, headers, value, appended_at,
            sum(octet_length(value)) over (order by "offset") - octet_length(value) as bytes_before
       from bus_broker.record
      where partition = wanted.partition and "offset" >= wanted.position
      order by "offset" limit $3) run
   where bytes_before < ${BATCH_BYTES}) r
 order by r.partition, r."offset"`;

/** Records of one look: as many as a window of events takes. More would wait in memory for their turn. */
const LOOK_RECORDS = 2_000;
const LEAST_OF_A_PARTITION = 20;

/** Records that one look takes of each of so many partitions. */
export function mostOf(partitions: number): number {
  const share = Math.ceil(LOOK_RECORDS / Math.max(1, partitions));
  return Math.min(BATCH_RECORDS, Math.max(LEAST_OF_A_PARTITION, share));
}

const BOUNDS = 'select partition, first_offset, next_offset from bus_broker.partition';

interface RecordRow {
  partition: number;
  offset: string;
  key: string;
  headers: string;
  value: Buffer;
  /** Seconds since the epoch: a time as text costs the driver more than all other columns. */
  appended_at: number;
}

export interface BoundsRow {
  partition: number;
  first_offset: string;
  next_offset: string;
}

/** Reads the log table, several partitions with one statement. */
export class LogReader {
  constructor(private readonly pool: Pool) {}

  /** Records from each position on, at most `mostOf` of each; a partition without any is missing in the answer. */
  async read(partitions: readonly PartitionProgress[]): Promise<Map<number, IncomingRecord[]>> {
    const { rows } = await this.pool.query<RecordRow>({
      name: 'bus_broker_read',
      text: READ,
      values: [
        partitions.map(({ partition }) => partition),
        partitions.map(({ position }) => String(position ?? 0n)),
        mostOf(partitions.length),
      ],
    });
    const found = new Map<number, IncomingRecord[]>();
    for (const row of rows) {
      const records = found.get(row.partition);
      if (records) records.push(toIncomingRecord(row));
      else found.set(row.partition, [toIncomingRecord(row)]);
    }
    return found;
  }

  async bounds(): Promise<Map<number, LogBounds>> {
    const { rows } = await this.pool.query<BoundsRow>({ name: 'bus_broker_bounds', text: BOUNDS });
    return toBounds(rows);
  }
}

export function toBounds(rows: readonly BoundsRow[]): Map<number, LogBounds> {
  return new Map(
    rows.map((row) => [row.partition, { start: BigInt(row.first_offset), end: BigInt(row.next_offset) }]),
  );
}

function toIncomingRecord(row: RecordRow): IncomingRecord {
  const { partition, offset, key, headers, value } = row;
  // Whole microseconds first: an event id may be derived from it, the same at every reading.
  const appendedAt = new Date(Math.floor(Math.round(row.appended_at * 1e6) / 1000));
  return new LogRecord(partition, BigInt(offset), key, headers, value, appendedAt);
}
