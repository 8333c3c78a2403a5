import type { Pool } from 'pg';
import { type BoundsRow, toBounds } from './log-reader';

const CHUNK = 10_000;

/** The first record, among the oldest 10,000 below the limit, that is young enough to stay; or how far they reach. */
const OLD_END = `
with oldest as (
  select "offset", appended_at from bus_broker.record
   where partition = $1 and "offset" >= $2 and "offset" < $3 order by "offset" limit ${CHUNK})
select coalesce(
  (select min("offset") from oldest where appended_at >= clock_timestamp() - $4 * interval '1 ms'),
  (select max("offset") + 1 from oldest)) as old_end`;

export interface PruneOptions {
  /** Records younger than this stay, in ms. */
  keepMs: number;
  /** Stored positions: no record at or past the one of its partition is deleted; a partition without one is left. */
  below: ReadonlyMap<number, bigint>;
}

/** Deletes old records that are stored elsewhere, in chunks of 10,000, and moves the log's start with them.
 *  @param pool of the log's database   @returns how many were deleted */
export async function pruneBrokerLog(pool: Pool, { keepMs, below }: PruneOptions): Promise<number> {
  const { rows } = await pool.query<BoundsRow>(
    'select partition, first_offset, next_offset from bus_broker.partition order by partition',
  );
  let deleted = 0;
  for (const [partition, { start }] of toBounds(rows)) {
    const limit = below.get(partition);
    if (limit !== undefined) deleted += await prunePartition(pool, partition, { start, limit, keepMs });
  }
  return deleted;
}

async function prunePartition(
  pool: Pool,
  partition: number,
  { start, limit, keepMs }: { start: bigint; limit: bigint; keepMs: number },
): Promise<number> {
  let deleted = 0;
  for (let from = start; ;) {
    const values = [partition, String(from), String(limit), keepMs];
    const { rows } = await pool.query<{ old_end: string | null }>(OLD_END, values);
    const oldEnd = rows[0].old_end === null ? from : BigInt(rows[0].old_end);
    if (oldEnd <= from) return deleted;
    // The start moves first: a reader must never find a hole where the log claims to have records.
    await pool.query('update bus_broker.partition set first_offset = $2 where partition = $1', [
      partition,
      String(oldEnd),
    ]);
    const gone = await pool.query('delete from bus_broker.record where partition = $1 and "offset" < $2', [
      partition,
      String(oldEnd),
    ]);
    deleted += gone.rowCount ?? 0;
    from = oldEnd;
  }
}
