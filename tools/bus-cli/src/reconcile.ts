import { createLogEnds, createPublisher, createSpanReader } from '@bus/broker';
import {
  createStorePool,
  PostgresLogReconciliation,
  PostgresReconciliation,
  type OperationTotal,
  type ReconcileFault,
} from '@bus/store';
import type { BusCliConfig } from './bus-cli.config';
import { hasLogFaults, reconcileLog, type LogReport } from './reconcile-log';

export interface ReconcileOptions {
  /** Publishes missing records again, and quarantines what cannot become an event. Default false. */
  repair?: boolean;
  /** Executions of events published at or after this time; the log is always read whole. Default: all. */
  since?: Date | null;
  /** One line of progress. */
  onProgress?: (line: string) => void;
}

export interface ReconcileReport {
  log: LogReport;
  totals: OperationTotal[];
  /** At most 1,000. */
  faults: ReconcileFault[];
}

const POOL_SIZE = 2;

/**
 * Accepted = stored = ended or explained.
 *
 * It reads Postgres and the broker itself, not over the console's admin API: it is the second opinion on the bus, takes
 * minutes and reads the whole log, and shall neither hold the console's connections nor need a console that is well.
 * On Kubernetes it runs where these settings already are, in a pod of the bus.
 * @throws where Postgres or the broker is away
 */
export async function reconcile(
  config: BusCliConfig,
  options: ReconcileOptions = {},
): Promise<ReconcileReport> {
  const tell = options.onProgress ?? (() => undefined);
  const pool = createStorePool({
    connectionString: config.databaseUrl,
    poolSize: POOL_SIZE,
    applicationName: 'bus-cli',
  });
  const ends = createLogEnds(config.broker);
  const spans = createSpanReader(config.broker);
  const publisher = options.repair ? createPublisher(config.broker) : undefined;
  try {
    await publisher?.start();
    const parts = {
      ends,
      spans,
      store: new PostgresLogReconciliation(pool),
      ...(publisher && { publisher }),
    };
    const log = await reconcileLog(parts, (records) => tell(`log: ${records} records`));
    const executions = new PostgresReconciliation(pool);
    const since = options.since ?? null;
    const totals = await executions.totals({ since, onPage: (events) => tell(`totals: ${events} events`) });
    const faults = await executions.faults({
      since,
      onPage: (events) => tell(`executions: ${events} events`),
    });
    return { log, totals, faults };
  } finally {
    await publisher?.stop();
    await spans.stop();
    await ends.stop();
    await pool.end();
  }
}

/** Whether all is explained. What was mended in this run still counts: the next run proves it. */
export function isReconciled({ log, faults }: ReconcileReport): boolean {
  return !hasLogFaults(log) && faults.length === 0;
}
