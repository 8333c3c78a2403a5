import type { StorePool } from '../postgres/connection';

/**
 * A barrier for races: resolves once `count` connections of this database stand before a lock.
 * Ask from outside of the transactions under test: inside one, statistics stand still.
 * @throws after 10 s
 */
export async function untilWaiting(pool: StorePool, count: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const { rows } = await pool.query<{ waiting: number }>(
      `select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows[0].waiting >= count) return;
    if (performance.now() > deadline)
      throw new Error(`${count} connections should wait for a lock, ${rows[0].waiting} do`);
  }
}
