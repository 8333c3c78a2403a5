/** Work for one transaction that others may share. */
export interface LineEntry {
  /** Events in it. */
  size: number;
  /** Whether it must have a transaction of its own. */
  alone: boolean;
  logId: string;
  partition: number;
}

/** Transactions under way at a time: while one waits for its commit, the next is made. */
const MOST_UNDER_WAY = 2;
/** Events of one transaction; docs/performance.md, "The hot path". */
const MOST_EVENTS = 500;

interface Waiting<Entry, Result> {
  entry: Entry;
  done(result: Result): void;
  failed(error: unknown): void;
}

/**
 * Group commit of what comes in: the next transaction takes what piled up while others were under way (linger 0), of as
 * many partitions as it may be.
 */
export class IngestLine<Entry extends LineEntry, Result> {
  private readonly queue: Waiting<Entry, Result>[] = [];
  private underWay = 0;

  /** @param run one transaction; a result or an error for each entry, in their order */
  constructor(private readonly run: (entries: readonly Entry[]) => Promise<PromiseSettledResult<Result>[]>) {}

  add(entry: Entry): Promise<Result> {
    return new Promise((done, failed) => {
      this.queue.push({ entry, done, failed });
      void this.pump();
    });
  }

  private async pump(): Promise<void> {
    if (this.underWay >= MOST_UNDER_WAY) return;
    this.underWay++;
    for (let group = this.next(); group.length > 0; group = this.next()) await this.runGroup(group);
    this.underWay--;
  }

  private next(): Waiting<Entry, Result>[] {
    return this.queue.splice(0, togetherFromFront(this.queue.map(({ entry }) => entry)));
  }

  private async runGroup(group: readonly Waiting<Entry, Result>[]): Promise<void> {
    try {
      const results = await this.run(group.map(({ entry }) => entry));
      results.forEach((result, index) => {
        if (result.status === 'fulfilled') group[index].done(result.value);
        else group[index].failed(result.reason);
      });
    } catch (error) {
      for (const { failed } of group) failed(error);
    }
  }
}

/**
 * How many from the front go together: those of one log that fit, the first one always. A partition stands here twice
 * only around a new assignment; the second begins where the first ends, or nowhere.
 */
export function togetherFromFront(entries: readonly LineEntry[]): number {
  const [first] = entries;
  const partitions = new Set<number>();
  let events = 0;
  for (const { size, alone, logId, partition } of entries) {
    const fits = !alone && !first.alone && logId === first.logId && events + size <= MOST_EVENTS;
    if (partitions.size > 0 && (!fits || partitions.has(partition))) break;
    partitions.add(partition);
    events += size;
  }
  return partitions.size;
}
