import { DEAD_CAUSES } from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import {
  ReplayPreviews,
  type ReplayPreview,
  type ReplayPreviewGroup,
  type ReplayPreviewRow,
  type ReplayWarning,
} from '../replay-previews';
import type { ReplayFilter } from '../replay-runs';
import { StorePool } from './connection';
import { readSnapshot } from './read-snapshot';
import { filterValue } from './replay/filter-value';
import { COUNT_EVENTS, GROUPS, SAMPLE, WARNINGS } from './replay/run-statements';

/** As stored, causes by their number. */
type Coded<T> = Omit<T, 'cause'> & { cause: number };

/** ReplayPreviews on PostgreSQL, from one snapshot. */
@Injectable()
export class PostgresReplayPreviews extends ReplayPreviews {
  constructor(private readonly pool: StorePool) {
    super();
  }

  override preview(filter: ReplayFilter): Promise<ReplayPreview> {
    const values = [filterValue(filter)];
    return readSnapshot(this.pool, async (client) => {
      const groups = (await client.query<Coded<ReplayPreviewGroup>>(GROUPS(values))).rows;
      const counted = await client.query<{ events: number }>(COUNT_EVENTS(values));
      const sample = (await client.query<Coded<ReplayPreviewRow>>(SAMPLE(values))).rows;
      const warnings = (await client.query<ReplayWarning>(WARNINGS(values))).rows;
      return {
        executions: groups.reduce((sum, group) => sum + group.executions, 0),
        events: counted.rows[0]?.events ?? 0,
        groups: groups.map(withCause),
        sample: sample.map(withCause),
        warnings,
      };
    });
  }
}

function withCause<T extends { cause: number }>(row: T) {
  return { ...row, cause: DEAD_CAUSES[row.cause] ?? ('outcome_unknown' as const) };
}
