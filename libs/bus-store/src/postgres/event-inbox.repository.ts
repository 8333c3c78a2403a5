import { Injectable } from '@nestjs/common';
import { EventInbox, type InboxBatch, type IngestOutcome } from '../event-inbox';
import { named, StorePool } from './connection';
import { isRetryable } from './connection.errors';
import { isRefusedValue } from './inbox/bisect';
import { ingestQuery, type IngestRow } from './inbox/ingest-statement';
import { ingestStepwise } from './inbox/ingest-stepwise';
import { planRows, startedExecutions } from './inbox/planned-rows';
import { inTransaction, runAlone } from './transaction';

/** Most events of one batch: the knee of the insert rate, and what bounds a statement's memory. */
export const MAX_BATCH_EVENTS = 500;
/** Runs of S1 before a deadlock or serialisation failure is passed on. */
const MAX_RUNS = 20;

const POSITIONS = named(
  'inbox.positions',
  `select partition, next_offset::text as next_offset from bus.consumer_offset
    where log_id = $1 and ($2::int[] is null or partition = any ($2::int[]))`,
);
const NEW_POSITIONS = named(
  'inbox.new_positions',
  `insert into bus.consumer_offset (log_id, partition, next_offset)
   select $1, partition, next_offset from unnest($2::int[], $3::bigint[]) as p(partition, next_offset)
    order by partition
   on conflict (log_id, partition) do nothing`,
);

/** TX1 on Postgres: one statement for a batch, step by step only for what that statement does not take. */
@Injectable()
export class PostgresEventInbox extends EventInbox {
  constructor(private readonly pool: StorePool) {
    super();
  }

  async positions(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    if (logStarts.size === 0) return this.storedPositions(logId, null);
    const known = await this.storedPositions(logId, [...logStarts.keys()]);
    const missing = [...logStarts].filter(([partition]) => !known.has(partition));
    if (missing.length === 0) return known;
    await this.pool.query(
      NEW_POSITIONS([logId, missing.map(([partition]) => partition), missing.map(([, start]) => start)]),
    );
    // Read again: another consumer's row may have come first, and it counts.
    return this.storedPositions(logId, [...logStarts.keys()]);
  }

  async ingest(batch: InboxBatch): Promise<IngestOutcome> {
    assertBatch(batch);
    if (batch.quarantined.length > 0) return this.ingestStepwise(batch);
    const rows = planRows(batch.events);
    for (let run = 1; ; run += 1) {
      try {
        const answer = await runAlone<IngestRow>(this.pool, ingestQuery(batch, rows));
        if (answer.rows.length === 0) return await this.whyNot(batch);
        const { fresh, repeated, idle, laned } = answer.rows[0];
        const runs = batch.events.map(() => true);
        for (const place of numbers(idle)) runs[place - 1] = false;
        const started = startedExecutions(batch.events, rows, runs, numbers(laned));
        return { outcome: 'stored', started, fresh, repeated, quarantined: 0 };
      } catch (error) {
        if (isRefusedValue(error)) return this.ingestStepwise(batch);
        if (!isRetryable(error) || run >= MAX_RUNS) throw error;
        this.pool.transactionsAgain += 1;
      }
    }
  }

  private async ingestStepwise(batch: InboxBatch): Promise<IngestOutcome> {
    const outcome = await inTransaction(this.pool, (client) => ingestStepwise(client, batch));
    return outcome ?? this.whyNot(batch);
  }

  private async whyNot(batch: InboxBatch): Promise<IngestOutcome> {
    const position = (await this.storedPositions(batch.logId, [batch.partition])).get(batch.partition);
    if (position === undefined)
      throw new RangeError(
        `partition ${batch.partition} of ${batch.logId} has no position; call positions() first`,
      );
    return position === batch.start ? { outcome: 'graph_changed' } : { outcome: 'moved', position };
  }

  private async storedPositions(logId: string, partitions: number[] | null): Promise<Map<number, bigint>> {
    const { rows } = await this.pool.query<{ partition: number; next_offset: string }>(
      POSITIONS([logId, partitions]),
    );
    return new Map(rows.map((row) => [row.partition, BigInt(row.next_offset)]));
  }
}

/** @throws RangeError for what the caller has to rule out: twins, disorder, more than 500 events */
function assertBatch(batch: InboxBatch): void {
  if (batch.events.length > MAX_BATCH_EVENTS)
    throw new RangeError(`a batch has at most ${MAX_BATCH_EVENTS} events, not ${batch.events.length}`);
  if (new Set(batch.events.map((row) => row.identity)).size < batch.events.length)
    throw new RangeError('twins in one batch: keep the first of each message');
  let after = batch.start - 1n;
  for (const { offset } of batch.events) {
    if (offset <= after || offset >= batch.next)
      throw new RangeError(`offset ${offset} is out of order in a batch of ${batch.start} to ${batch.next}`);
    after = offset;
  }
}

const numbers = (list: string | null): number[] => (list === null ? [] : list.split(',').map(Number));
