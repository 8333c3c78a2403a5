import { Injectable } from '@nestjs/common';
import type { QueryConfig } from 'pg';
import {
  EventInbox,
  type InboxBatch,
  type IngestOutcome,
  type PlannedEvent,
  type StoredBatch,
  type TogetherOutcome,
} from '../event-inbox';
import { named, StorePool } from './connection';
import { isRetryable } from './connection.errors';
import { isRefusedValue } from './inbox/bisect';
import { ingestQuery, type IngestRow, type Takes, togetherQuery } from './inbox/ingest-statement';
import { ingestStepwise } from './inbox/ingest-stepwise';
import { assertBatch, assertTogether, hasTwins } from './inbox/batch-rules';
import { type PlannedRows, planRows, startedExecutions } from './inbox/planned-rows';
import { inTransaction, runAlone } from './transaction';

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
  /** Whether the last events were all new to the bus: those that come next are taken to be so, too, until they are not. */
  private allNew = true;

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
    const answer = await this.whole((takes) => ingestQuery(batch, rows, takes));
    if (answer === 'refused') return this.ingestStepwise(batch);
    return answer ? toStored(batch.events, rows, answer) : this.whyNot(batch);
  }

  async ingestTogether(batches: readonly InboxBatch[]): Promise<TogetherOutcome> {
    assertTogether(batches);
    const events = batches.flatMap((batch) => batch.events);
    if (hasTwins(events)) return { outcome: 'apart' };
    const rows = planRows(events);
    const answer = await this.whole((takes) => togetherQuery(batches, rows, takes));
    return answer && answer !== 'refused' ? toStored(events, rows, answer) : { outcome: 'apart' };
  }

  /** @returns S1's row; `null`: the position or a graph has moved; `refused`: for the values of a row */
  private async whole(query: (takes: Takes) => QueryConfig): Promise<IngestRow | null | 'refused'> {
    if (this.allNew) {
      const answer = await this.run(query('fresh'));
      if (answer !== null) return answer;
    }
    const answer = await this.run(query('any'));
    if (answer !== null && answer !== 'refused') this.allNew = answer.repeated === 0;
    return answer;
  }

  private async run(query: QueryConfig): Promise<IngestRow | null | 'refused'> {
    for (let run = 1; ; run += 1) {
      try {
        return (await runAlone<IngestRow>(this.pool, query)).rows.at(0) ?? null;
      } catch (error) {
        if (isRefusedValue(error)) return 'refused';
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

function toStored(
  events: readonly PlannedEvent[],
  rows: PlannedRows,
  { fresh, repeated, idle, laned }: IngestRow,
): StoredBatch {
  const runs = events.map(() => true);
  for (const place of numbers(idle)) runs[place - 1] = false;
  const started = startedExecutions(events, rows, runs, numbers(laned));
  return { outcome: 'stored', started, fresh, repeated, quarantined: 0 };
}

const numbers = (list: string | null): number[] => (list === null ? [] : list.split(',').map(Number));
