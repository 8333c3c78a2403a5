import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { v7 } from 'uuid';
import type { ChangeAuthor } from '../operation-graphs';
import type { Page, PageRequest } from '../page';
import {
  ReplayRuns,
  type ReplayRun,
  type ReplayRunChanged,
  type ReplayRunStart,
  type ReplayRunStarted,
} from '../replay-runs';
import { writeAudit } from './audit-statement';
import { StorePool } from './connection';
import { asUnavailable, TransactionAgain } from './connection.errors';
import { readCursor, toPage, UUID_SHAPE } from './page-cursor';
import { filterValue } from './replay/filter-value';
import { CHANGE_RUN, FIND_RUN, LIST_RUNS, RUN_OF_KEY, START_RUN } from './replay/run-statements';
import { inTransaction } from './transaction';

/** ReplayRuns on PostgreSQL. */
@Injectable()
export class PostgresReplayRuns extends ReplayRuns {
  constructor(private readonly pool: StorePool) {
    super();
  }

  override start(start: ReplayRunStart): Promise<ReplayRunStarted> {
    const { filter, ratePerSecond, idempotencyKey, author } = start;
    const shown = JSON.stringify(filter);
    return this.decide(async (client): Promise<ReplayRunStarted> => {
      const started = await client.query<ReplayRun>(
        START_RUN([
          filterValue(filter),
          v7(),
          idempotencyKey,
          shown,
          ratePerSecond,
          author.actor,
          author.reason,
          author.ip ?? null,
        ]),
      );
      const [run] = started.rows;
      if (run) {
        await writeAudit(client, {
          ...author,
          action: 'replays.start',
          target: run.runId,
          after: { filter, ratePerSecond },
          result: `started, ${run.selected} executions selected`,
        });
        return { outcome: 'started', run };
      }
      const known = await client.query<ReplayRun & { same: boolean }>(
        RUN_OF_KEY([idempotencyKey, shown, ratePerSecond]),
      );
      if (!known.rows[0]) throw new TransactionAgain('the key was taken by a run that is not there');
      const { same, ...found } = known.rows[0];
      await writeAudit(client, {
        ...author,
        action: 'replays.start',
        target: found.runId,
        after: { filter, ratePerSecond },
        result: same ? 'started before' : 'refused: conflict',
      });
      return same ? { outcome: 'known', run: found } : { outcome: 'conflict' };
    });
  }

  override async find(runId: string): Promise<ReplayRun | null> {
    const { rows } = await this.pool.query<ReplayRun>(FIND_RUN([runId]));
    return rows[0] ?? null;
  }

  override async list(page: PageRequest): Promise<Page<ReplayRun>> {
    const [after] = page.cursor === null ? [null] : readCursor(page.cursor, [UUID_SHAPE]);
    const { rows } = await this.pool.query<ReplayRun>(LIST_RUNS([after, page.limit + 1]));
    return toPage(rows, page.limit, (run) => [run.runId]);
  }

  override change(
    runId: string,
    state: 'running' | 'paused' | 'cancelled',
    author: ChangeAuthor,
  ): Promise<ReplayRunChanged> {
    return this.decide(async (client): Promise<ReplayRunChanged> => {
      const changed = await client.query<ReplayRun>(CHANGE_RUN([runId, state]));
      const [run] =
        changed.rows.length > 0 ? changed.rows : (await client.query<ReplayRun>(FIND_RUN([runId]))).rows;
      const outcome = changed.rows.length > 0 ? 'changed' : run?.state === state ? 'unchanged' : 'conflict';
      await writeAudit(client, {
        ...author,
        action: `replays.${state}`,
        target: runId,
        after: { state },
        result: !run
          ? 'refused: not_found'
          : outcome === 'conflict'
            ? `refused: it is ${run.state}`
            : outcome,
      });
      return run ? { outcome, run } : { outcome: 'not_found' };
    });
  }

  private async decide<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    try {
      return await inTransaction(this.pool, work);
    } catch (error) {
      throw asUnavailable(error);
    }
  }
}
