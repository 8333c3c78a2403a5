import type { IncomingRecord, RecordBatch } from '../broker-record';
import type { PartitionProgress } from '../partition-progress';

/** What one look at the log found. */
export interface FoundRecords {
  records: Map<number, IncomingRecord[]>;
  looks: Map<PartitionProgress, Look>;
}

/** Of one partition, as the look began. */
export interface Look {
  from: bigint | undefined;
  /** Up to here nothing is left out: a gap is one. `undefined`: records may be left out, and lie unread. */
  end: bigint | undefined;
}

/** A batch of each partition that has something to store. One whose position moved meanwhile is looked at again. */
export function toBatches({ records, looks }: FoundRecords): [PartitionProgress, RecordBatch][] {
  return [...looks].flatMap(([progress, look]) =>
    progress.position === look.from ? toBatch(progress, records.get(progress.partition), look.end) : [],
  );
}

/** Nothing where there is nothing to store. Rows removed by hand leave a gap up to the end seen before the read. */
function toBatch(
  progress: PartitionProgress,
  records: IncomingRecord[] | undefined,
  knownEnd: bigint | undefined,
): [PartitionProgress, RecordBatch][] {
  const { logId, partition, position, logStart } = progress;
  const last = records?.at(-1);
  const nextOffset = last ? last.offset + 1n : knownEnd;
  if (position === undefined || nextOffset === undefined || nextOffset <= position) return [];
  return [[progress, { logId, partition, start: position, records: records ?? [], nextOffset, logStart }]];
}
