import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import type { ReplayOutcome } from '../execution-control';
import type { ReplayFilter } from '../replay-runs';
import { ReplaySteps, type ReplayStep } from '../replay-steps';
import { StorePool } from './connection';
import { filterValue } from './replay/filter-value';
import { replayExecutions } from './replay/replay-executions';
import { ADVANCE_RUN, COMPLETE_RUN, NEXT_PAGE, NEXT_RUN, TAKE_RUN } from './replay/run-statements';
import { inTransaction } from './transaction';

interface TakenRun {
  run_id: string;
  filter: ReplayFilter;
  rate_per_second: number;
  actor: string;
  reason: string;
  ip: string | null;
  cursor_event_id: string | null;
  cursor_operation_id: number | null;
  created_at: string;
  most: number;
}

interface PageRow {
  event_id: string;
  operation_id: number;
  attempt: number;
  operation: string;
}

type Stepped = Omit<ReplayStep, 'nextInMs'>;

const IDLE: Stepped = { outcome: 'idle', runId: null, replayed: 0, conflicts: 0, refused: 0 };

/**
 * ReplaySteps on PostgreSQL. The run's row comes before all other locks and is held to the end of the step; cursor,
 * counters and the executions commit together, so that a step is done once, whoever dies.
 */
@Injectable()
export class PostgresReplaySteps extends ReplaySteps {
  constructor(private readonly pool: StorePool) {
    super();
  }

  override async next(): Promise<ReplayStep> {
    const stepped = await inTransaction(this.pool, step);
    const { rows } = await this.pool.query<{ in_ms: number | null }>(NEXT_RUN());
    return { ...stepped, nextInMs: rows[0]?.in_ms ?? null };
  }
}

async function step(client: PoolClient): Promise<Stepped> {
  const [run] = (await client.query<TakenRun>(TAKE_RUN())).rows;
  if (!run) return IDLE;
  const { rows } = await client.query<PageRow>(
    NEXT_PAGE([
      filterValue(run.filter),
      run.created_at,
      run.cursor_event_id,
      run.cursor_operation_id,
      run.most,
    ]),
  );
  const last = rows.at(-1);
  if (!last) {
    await client.query(COMPLETE_RUN([run.run_id]));
    return { ...IDLE, outcome: 'ended', runId: run.run_id };
  }
  const outcomes = await replayExecutions(
    client,
    rows.map((row) => ({
      eventId: row.event_id,
      operation: row.operation,
      expectedAttempt: row.attempt,
      force: false,
    })),
    { actor: run.actor, reason: `${run.reason} (replay run ${run.run_id})`, ip: run.ip },
  );
  const replayed = count(outcomes, 'replayed');
  const conflicts = count(outcomes, 'conflict');
  const refused = outcomes.length - replayed - conflicts;
  await client.query(
    ADVANCE_RUN([
      run.run_id,
      outcomes.length,
      replayed,
      conflicts,
      refused,
      last.event_id,
      last.operation_id,
    ]),
  );
  return { outcome: 'stepped', runId: run.run_id, replayed, conflicts, refused };
}

function count(outcomes: readonly ReplayOutcome[], wanted: ReplayOutcome['outcome']): number {
  return outcomes.filter(({ outcome }) => outcome === wanted).length;
}
