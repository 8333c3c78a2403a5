import { Logger } from '@nestjs/common';
import { MetricsRegistry } from '@bus/app-shell';
import { createStorePool, PostgresRetention, type StorePool } from '@bus/store';
import { createStoreDatabase, HistorySeed } from '@bus/store/testing';
import type { TestDatabase } from '@bus/embedded-postgres';
import { ManualTime } from '../testing/manual-time';
import { Chores } from './chores';
import { RetentionScheduler } from './retention.scheduler';

const DAY_MS = 86_400_000;

describe(RetentionScheduler, () => {
  let database: TestDatabase;
  let pool: StorePool;
  let seed: HistorySeed;
  let registry: MetricsRegistry;
  let scheduler: RetentionScheduler;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    database = await createStoreDatabase('retention_app');
    pool = createStorePool({ connectionString: database.url, applicationName: 'retention-app-spec' });
    seed = new HistorySeed(pool);
    registry = new MetricsRegistry();
    const time = new ManualTime();
    const retention = new PostgresRetention(pool);
    scheduler = new RetentionScheduler(retention, new Chores(time.clock, time), registry, 7);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  const makeDay = async (daysAgo: number) => {
    for (const table of ['event', 'attempt'])
      await pool.query('select bus.ensure_partition($1, current_date - $2::int)', [table, daysAgo]);
  };
  const days = async () =>
    (
      await pool.query(
        `select count(*)::int as n from pg_inherits i join pg_class c on c.oid = i.inhrelid
          where i.inhparent = 'bus.event'::regclass and c.relname < 'event_' || to_char(current_date, 'YYYYMMDD')`,
      )
    ).rows[0].n as number;

  it('drops every day past its time in one run, passes over one that must stay, and counts them', async () => {
    for (const daysAgo of [20, 15, 10, 6]) await makeDay(daysAgo);
    await pool.query(
      `insert into bus.due (operation_id, due_at, event_id, attempt, counted)
       select 1, clock_timestamp(), (substr(bus.first_event_id(clock_timestamp() - interval '15 day')::text, 1, 14)
         || '7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, 0 from generate_series(1, 5001) n`,
    );
    await scheduler.retire();
    expect(await days()).toBe(2);
    const text = await registry.metrics();
    expect(text).toContain('bus_retention_days_kept 1');
    expect(text).toContain('bus_retention_partitions_total{table="event"} 2');
    await pool.query('delete from bus.due');
    await scheduler.retire();
    expect(await days()).toBe(1);
    expect(await registry.metrics()).toContain('bus_retention_days_kept 0');
  });

  it('keeps an open event readable through it all, and lets it go with its identity in the end', async () => {
    const { 'sms.send': operationId } = await seed.operations({
      'sms.send': { eventType: 'order.paid', endpoint: 'tcp://127.0.0.1:1' },
    });
    await makeDay(200);
    const at = new Date(Date.now() - 200 * DAY_MS);
    const eventId = await seed.event({ messageId: 'order-1', at });
    await pool.query(
      `insert into bus.dead_letter (event_id, operation_id, attempt, cause) values ($1, $2, 1, 0)`,
      [eventId, operationId],
    );
    const run = async () => {
      await scheduler.retire();
      await scheduler.prune();
      await scheduler.sweep();
    };
    const state = async () =>
      (await pool.query('select state from bus.execution where event_id = $1', [eventId])).rows;
    await pool.query('update bus.event_identity set prune_after = current_date - 1');
    await run();
    expect(await state()).toEqual([{ state: 'rejected' }]);

    await pool.query('delete from bus.dead_letter');
    await seed.attempt(eventId, operationId, 'completed', {
      attempt: 2,
      at: new Date(Date.now() - 8 * DAY_MS),
    });
    await pool.query('update bus.event_identity set prune_after = current_date - 1');
    await run();
    expect(await state()).toEqual([]);
    const { rows } = await pool.query(`select prune_after - current_date as days from bus.event_identity`);
    expect([82, 83, 84]).toContain(rows[0].days);
  });

  it('sweeps in one run what a busy bus leaves in ten minutes', async () => {
    await pool.query(
      `insert into bus.event_identity (identity, cancelled_at, prune_after)
       select bus.identity_of('spec', 'gone-' || n), now() - interval '100 days', current_date - 1
         from generate_series(1, 60000) n`,
    );
    await scheduler.sweep();
    const { rows } = await pool.query('select count(*)::int as count from bus.event_identity');
    expect(rows).toEqual([{ count: 0 }]);
  }, 60_000);
});
