import { LogSettingsError } from '../broker.errors';
import type { LogFinding } from '../log-finding';
import { checkLog, logPool, type PostgresLogOptions, unavailable } from './postgres-log';

const STATEMENT_TIMEOUT_MS = 5_000;

/** Partitions over the configured number are left unread, as on Kafka. */
const PARTITIONS = `
select count(*)::integer as partitions,
       (select count(*)::integer from bus_broker.partition where first_offset > next_offset) as broken
  from bus_broker.partition`;

/** How the log's tables stand. @throws BrokerUnavailableError */
export async function lookAtTables(options: PostgresLogOptions): Promise<LogFinding[]> {
  const pool = logPool(options, 1, STATEMENT_TIMEOUT_MS);
  try {
    const logId = await checkLog(pool, options.partitions);
    const { rows } = await pool.query<{ partitions: number; broken: number }>(PARTITIONS);
    const [{ partitions, broken }] = rows;
    const grown = partitions > options.partitions;
    return [
      { subject: 'log tables', found: logId, level: 'good', fix: null },
      {
        subject: 'log partitions',
        found: String(partitions),
        level: grown ? 'fault' : 'good',
        fix: grown ? `set BUS_PARTITIONS=${partitions}: those over ${options.partitions} are not read` : null,
      },
      {
        subject: 'log offsets',
        found: broken === 0 ? 'in order' : `${broken} partitions start after their end`,
        level: broken === 0 ? 'good' : 'fault',
        fix: broken === 0 ? null : 'restore schema bus_broker; its partition rows were changed by hand',
      },
    ];
  } catch (error) {
    if (!(error instanceof LogSettingsError)) throw unavailable(error);
    return [{ subject: 'log tables', found: 'not usable', level: 'fault', fix: error.problems.join('; ') }];
  } finally {
    await pool.end();
  }
}
