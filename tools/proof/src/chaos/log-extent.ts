import { createLogEnds, type LogEnds, type LogExtent } from '@bus/broker';
import type { Stage } from '../stage/stage';

/** The ends of the stage's log, past every link. */
export function stageLogEnds(stage: Stage): LogEnds {
  return createLogEnds({
    broker: stage.broker,
    databaseUrl: stage.databaseUrl,
    kafkaBrokers: [...stage.kafkaBrokers],
    devSingleBroker: true,
    clientId: 'proof',
  });
}

/** Records of the log up to `extent` that are not stored yet. */
export async function notStored(stage: Stage, extent: LogExtent): Promise<number> {
  const { rows } = await stage.pool.query<{ partition: number; next: string }>(
    `select partition, next_offset::text as next from bus.consumer_offset where log_id = $1`,
    [extent.logId],
  );
  const stored = new Map(rows.map(({ partition, next }) => [partition, Number(next)]));
  let missing = 0;
  for (const [partition, { start, end }] of extent.bounds)
    missing += Math.max(0, Number(end) - (stored.get(partition) ?? Number(start)));
  return missing;
}
