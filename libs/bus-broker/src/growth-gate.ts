import type { LogBounds } from './partition-progress';

/**
 * Decides when partitions that a log grew by may be read. Keys have moved to them, and what was published under such a
 * key before is in an old partition: a new one stays unread until every old one was read up to where it ended at some
 * moment after the new one held its first record. So records of a key are stored in the order of their publishing, as
 * long as all publishers spread keys in the same way.
 */
export class GrowthGate {
  private readonly filled = new Set<number>();
  /** New partition → where the old ones ended once it was seen to hold records. */
  private readonly ends = new Map<number, ReadonlyMap<number, bigint>>();

  /**
   * One look. @param bounds of all partitions of the log @param stored positions of all partitions that were read before,
   * read after `bounds`
   * @returns those of `wanted` that may be read now: all of them where nothing of this log was ever read
   */
  open(
    wanted: readonly number[],
    bounds: ReadonlyMap<number, LogBounds>,
    stored: ReadonlyMap<number, bigint>,
  ): number[] {
    if (stored.size === 0) return [...wanted];
    return wanted.filter(
      (partition) => stored.has(partition) || this.isDrainedFor(partition, bounds, stored),
    );
  }

  private isDrainedFor(
    partition: number,
    bounds: ReadonlyMap<number, LogBounds>,
    stored: ReadonlyMap<number, bigint>,
  ): boolean {
    // An empty one is no loss, and what its first record comes after is not yet known.
    if ((bounds.get(partition)?.end ?? 0n) === 0n) return false;
    // Bounds of several partitions are no snapshot: only the next look is surely later than the first record.
    if (!this.filled.has(partition)) {
      this.filled.add(partition);
      return false;
    }
    let ends = this.ends.get(partition);
    if (!ends) {
      ends = new Map([...stored.keys()].map((old) => [old, bounds.get(old)?.end ?? 0n]));
      this.ends.set(partition, ends);
    }
    return [...ends].every(([old, end]) => (stored.get(old) ?? 0n) >= end);
  }
}
