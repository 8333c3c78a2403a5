import { BATCH_RECORDS } from '../broker-options';
import type { IncomingRecord } from '../broker-record';
import type { PartitionProgress } from '../partition-progress';
import type { Notification } from './notification';

/** More are read again from the log instead. */
const MOST_TOLD = 2_000;

/**
 * Records that came with their notification, so that nobody has to read them: the statement that would is a third of
 * what an event alone waits for. They count only where they continue a partition's position without a hole; in every
 * other case the log is read.
 */
export class ToldRecords {
  private readonly records = new Map<number, IncomingRecord[]>();
  private count = 0;
  private isIncomplete = true;

  /** The log may hold more than was told. */
  incomplete(): void {
    this.isIncomplete = true;
  }

  add({ records }: Notification): void {
    if (records.length === 0) this.incomplete();
    if (this.isIncomplete) return;
    for (const record of records) {
      const told = this.records.get(record.partition);
      if (told) told.push(record);
      else this.records.set(record.partition, [record]);
    }
    this.count += records.length;
    if (this.count > MOST_TOLD) this.incomplete();
  }

  /** What was told since the last time, by partition, from its position on; `null`: the log has to be read. */
  take(readable: readonly PartitionProgress[]): Map<number, IncomingRecord[]> | null {
    const found = new Map<number, IncomingRecord[]>();
    for (const { partition, position } of readable) {
      const fresh = this.records.get(partition)?.filter(({ offset }) => offset >= (position ?? 0n)) ?? [];
      if (fresh.length === 0) continue;
      found.set(partition, fresh);
      if (fresh.length > BATCH_RECORDS || !continues(fresh, position ?? 0n)) this.incomplete();
    }
    this.records.clear();
    this.count = 0;
    if (!this.isIncomplete) return found;
    this.isIncomplete = false;
    return null;
  }
}

function continues(records: readonly IncomingRecord[], position: bigint): boolean {
  return records.every(({ offset }, at) => offset === position + BigInt(at));
}
