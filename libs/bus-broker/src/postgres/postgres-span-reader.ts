import { LogSpanReader, type LogSpan, type PageTaker } from '../log-span-reader';
import { PartitionProgress } from '../partition-progress';
import { LogReader } from './log-reader';
import { checkLog, logPool, type PostgresLogOptions, unavailable } from './postgres-log';

const STATEMENT_TIMEOUT_MS = 15_000;

/** Reads the log table by its primary key, one partition after another. */
export class PostgresSpanReader extends LogSpanReader {
  private readonly pool;

  constructor(private readonly options: PostgresLogOptions) {
    super();
    this.pool = logPool(options, 1, STATEMENT_TIMEOUT_MS);
  }

  async read(spans: readonly LogSpan[], take: PageTaker): Promise<void> {
    const reader = new LogReader(this.pool);
    for (const span of spans) await this.readSpan(reader, span, take);
  }

  stop(): Promise<void> {
    return this.pool.end();
  }

  private async readSpan(
    reader: LogReader,
    { partition, from, to }: LogSpan,
    take: PageTaker,
  ): Promise<void> {
    const progress = new PartitionProgress(partition);
    for (let next = from; next < to;) {
      progress.position = next;
      const page = (await this.page(reader, progress)).filter(({ offset }) => offset < to);
      const last = page.at(-1);
      next = last === undefined ? to : last.offset + 1n;
      await take({ partition, records: page, next });
    }
  }

  private async page(reader: LogReader, progress: PartitionProgress) {
    try {
      await checkLog(this.pool, this.options.partitions);
      return (await reader.read([progress])).get(progress.partition) ?? [];
    } catch (cause) {
      throw unavailable(cause);
    }
  }
}
