import type { IncomingRecord } from '@bus/domain';

export type { IncomingRecord, OutgoingRecord, RecordTexts } from '@bus/domain';

/** Consecutive records of one partition. Control records and aborted transactions leave gaps. */
export interface RecordBatch {
  /** `kafka:<cluster id>/<topic>` or `postgres:<uuid made with the log>`: another broker never inherits a position. */
  logId: string;
  partition: number;
  /** The position that this batch continues: nothing lies between it and the first record. */
  start: bigint;
  /** At most 500, ascending by offset; may be empty where only a gap was read. */
  records: IncomingRecord[];
  /** Position after the batch: the last record's + 1; at a fetch's end the fetch's own last offset + 1 (gaps). */
  nextOffset: bigint;
  /** Oldest offset that the log still holds, as known at this fetch. */
  logStart: bigint;
}
