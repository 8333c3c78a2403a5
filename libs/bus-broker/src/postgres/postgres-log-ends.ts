import { LogEnds, type LogExtent } from '../log-ends';
import { type BoundsRow, toBounds } from './log-reader';
import { checkLog, logPool, type PostgresLogOptions, unavailable } from './postgres-log';

const STATEMENT_TIMEOUT_MS = 2_000;

export class PostgresLogEnds extends LogEnds {
  private readonly pool;

  constructor(private readonly options: PostgresLogOptions) {
    super();
    this.pool = logPool(options, 1, STATEMENT_TIMEOUT_MS);
  }

  async read(): Promise<LogExtent> {
    try {
      const logId = await checkLog(this.pool, this.options.partitions);
      const { rows } = await this.pool.query<BoundsRow>(
        'select partition, first_offset, next_offset from bus_broker.partition',
      );
      return { logId, bounds: toBounds(rows) };
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  stop(): Promise<void> {
    return this.pool.end();
  }
}
