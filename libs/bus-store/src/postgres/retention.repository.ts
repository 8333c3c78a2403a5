import { Injectable } from '@nestjs/common';
import { Retention, type RetirementOutcome } from '../retention';
import { StorePool } from './connection';
import {
  IDENTITIES_TO_SWEEP,
  LOCK_IDENTITIES,
  MOVED_EVENTS,
  OLDEST_DAY,
  PRUNE_MOVED,
  RETIRE,
  SWEEP_IDENTITIES,
} from './retention-statements';
import { inTransaction } from './transaction';

/** Rows that move under the lock that everybody waits for: some 200 ms. */
const MOST_MOVED = 5000;
/** How long the drop waits for its lock, and so how long others may queue behind it. */
const LOCK_WITHIN_MS = 200;
const LOCK_NOT_AVAILABLE = '55P03';
const MOST_EVENTS = 500;
const MOST_IDENTITIES = 1000;
const LOWEST_ID = '00000000-0000-0000-0000-000000000000';

/** Retention on PostgreSQL; what is done under the lock is in `bus.retire_partition`. */
@Injectable()
export class PostgresRetention extends Retention {
  constructor(private readonly pool: StorePool) {
    super();
  }

  async retireOldest(retentionDays: number, afterDay: string | null): Promise<RetirementOutcome> {
    assertDays(retentionDays);
    const { rows } = await this.pool.query<{ table: 'event' | 'attempt'; day: string }>(
      OLDEST_DAY([retentionDays, afterDay]),
    );
    const [oldest] = rows;
    if (!oldest) return { outcome: 'none' };
    const { table, day } = oldest;
    try {
      const moved = await inTransaction(this.pool, async (client) => {
        await client.query(`set local lock_timeout = ${LOCK_WITHIN_MS}`);
        return (await client.query<{ moved: number | null }>(RETIRE([table, day, MOST_MOVED]))).rows[0].moved;
      });
      if (moved === null) return { outcome: 'busy' };
      return moved < 0 ? { outcome: 'kept', table, day } : { outcome: 'dropped', table, day, moved };
    } catch (error) {
      if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return { outcome: 'busy' };
      throw error;
    }
  }

  async pruneMoved(
    retentionDays: number,
    after: string | null,
  ): Promise<{ deleted: number; next: string | null }> {
    assertDays(retentionDays);
    const { rows } = await this.pool.query<{ event_id: string; identity: string }>(
      MOVED_EVENTS([after ?? LOWEST_ID, MOST_EVENTS]),
    );
    if (rows.length === 0) return { deleted: 0, next: null };
    const deleted = await inTransaction(this.pool, async (client) => {
      const locked = await client.query<{ identity: string }>(
        LOCK_IDENTITIES([rows.map(({ identity }) => identity)]),
      );
      const isLocked = new Set(locked.rows.map(({ identity }) => identity));
      const mine = rows.filter(({ identity }) => isLocked.has(identity));
      const pruned = await client.query<{ deleted: number }>(
        PRUNE_MOVED([
          mine.map(({ event_id: eventId }) => eventId),
          mine.map(({ identity }) => identity),
          retentionDays,
        ]),
      );
      return pruned.rows[0].deleted;
    });
    return { deleted, next: rows.length < MOST_EVENTS ? null : rows[rows.length - 1].event_id };
  }

  sweepIdentities(): Promise<{ deleted: number; movedOn: number }> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ identity: string }>(IDENTITIES_TO_SWEEP([MOST_IDENTITIES]));
      if (rows.length === 0) return { deleted: 0, movedOn: 0 };
      const swept = await client.query<{ deleted: number; movedOn: number }>(
        SWEEP_IDENTITIES([rows.map(({ identity }) => identity)]),
      );
      return swept.rows[0];
    });
  }
}

function assertDays(days: number): void {
  if (!Number.isInteger(days) || days < 1)
    throw new RangeError(`retentionDays must be a whole number of days ≥ 1: ${days}`);
}
