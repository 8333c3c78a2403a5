import { randomUUID } from 'node:crypto';
import { createStoreDatabase, untilWaiting } from '../testing';
import type { TestDatabase } from '@bus/embedded-postgres';
import { createStorePool, type StorePool } from './connection';
import { PostgresRetention } from './retention.repository';

const DAY_MS = 86_400_000;

describe(PostgresRetention, () => {
  let database: TestDatabase;
  let pool: StorePool;
  let retention: PostgresRetention;

  beforeEach(async () => {
    database = await createStoreDatabase('retention');
    pool = createStorePool({ connectionString: database.url, applicationName: 'retention-spec' });
    retention = new PostgresRetention(pool);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  const dayOf = (daysAgo: number) => new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);
  const makeDay = async (daysAgo: number) => {
    for (const table of ['event', 'attempt'])
      await pool.query('select bus.ensure_partition($1, $2::date)', [table, dayOf(daysAgo)]);
  };
  /** An event of that day with one attempt that ended then, or so many days ago. */
  const eventOf = async (daysAgo: number, endedDaysAgo = daysAgo): Promise<string> => {
    const messageId = randomUUID();
    const { rows } = await pool.query<{ id: string }>(
      `with id as (
         select (substr(bus.first_event_id(clock_timestamp() - $1::int * interval '1 day')::text, 1, 14)
                 || '7000-8000-' || substr($2, 25))::uuid as id),
       event as (
         insert into bus.event (event_id, source, message_id, type, payload, occurred_at, broker_partition, broker_offset, stored_at)
         select id, 'spec', $2, 'spec', '{}', clock_timestamp(), 0, 0, clock_timestamp() - $1::int * interval '1 day' from id),
       identity as (
         insert into bus.event_identity (identity, event_id, prune_after)
         select bus.identity_of('spec', $2), id, current_date - $1::int + 90 from id)
       insert into bus.attempt_group (event_id, operation_id, attempt, outcome, ended_at)
       select id, 1, 1, 0, clock_timestamp() - $3::int * interval '1 day' from id returning event_id as id`,
      [daysAgo, messageId, endedDaysAgo],
    );
    return rows[0].id;
  };
  const where = async (table: string, eventId: string): Promise<string | undefined> =>
    (
      await pool.query(
        `select c.relname as name from bus.${table} t join pg_class c on c.oid = t.tableoid where event_id = $1`,
        [eventId],
      )
    ).rows[0]?.name;
  const due = (eventId: string) =>
    pool.query(
      `insert into bus.due (operation_id, due_at, event_id, attempt, counted) values (2, clock_timestamp(), $1, 1, 1)`,
      [eventId],
    );
  const identities = async () =>
    (await pool.query('select count(*)::int as n from bus.event_identity')).rows[0].n as number;

  it('drops days that are older than asked for, one table of one day at a time, oldest first', async () => {
    for (const daysAgo of [33, 32, 31, 30]) await makeDay(daysAgo);
    const outcomes = [];
    for (let n = 0; n < 7; n++) outcomes.push(await retention.retireOldest(30, null));
    expect(outcomes).toEqual([
      ...[33, 32, 31].flatMap((daysAgo) =>
        ['event', 'attempt'].map((table) => ({ outcome: 'dropped', table, day: dayOf(daysAgo), moved: 0 })),
      ),
      { outcome: 'none' },
    ]);
  });

  it.each(['in_flight', 'due', 'waiting', 'dead_letter'])(
    'trap-12: keeps an event with a row in %s, and all its attempts',
    async (home) => {
      await makeDay(40);
      const [open, ended] = [await eventOf(40), await eventOf(40)];
      const values = {
        in_flight: `values ($1, 2, 1, 1, clock_timestamp(), 1)`,
        due: `values (2, clock_timestamp(), $1, 1, 1)`,
        waiting: `values ($1, 2, 1, 1)`,
        dead_letter: `values ($1, 2, 1, 0)`,
      }[home];
      await pool.query(`insert into bus.${home} ${values}`, [open]);
      expect(await retention.retireOldest(30, null)).toMatchObject({ table: 'event', moved: 1 });
      expect(await retention.retireOldest(30, null)).toMatchObject({ table: 'attempt', moved: 1 });
      expect([await where('event', open), await where('attempt_group', open)]).toEqual([
        'event_default',
        'attempt_default',
      ]);
      expect([await where('event', ended), await where('attempt_group', ended)]).toEqual([
        undefined,
        undefined,
      ]);
    },
  );

  it('trap-12: waits for a replay under way, and keeps what it opens', async () => {
    await makeDay(40);
    const eventId = await eventOf(40);
    const replay = await pool.connect();
    await replay.query('begin');
    await replay.query('select from bus.attempt where event_id = $1', [eventId]);
    await replay.query('select from bus.event where event_id = $1', [eventId]);
    const dropping = pool.query(`select bus.retire_partition('event', $1::date, 100) as moved`, [dayOf(40)]);
    await untilWaiting(pool, 1);
    await replay.query(
      `insert into bus.due (operation_id, due_at, event_id, attempt, counted) values (2, clock_timestamp(), $1, 1, 1)`,
      [eventId],
    );
    await replay.query('commit');
    replay.release();
    expect((await dropping).rows[0].moved).toBe(1);
    expect(await where('event', eventId)).toBe('event_default');
  });

  it('lets claims and closes of moving events wait for it, and loses none', async () => {
    await makeDay(40);
    const eventId = await eventOf(40);
    await due(eventId);
    const dropper = await pool.connect();
    await dropper.query('begin');
    await dropper.query(`select bus.retire_partition('event', $1::date, 100)`, [dayOf(40)]);
    const read = pool.query('select event_id from bus.event where event_id = $1', [eventId]);
    await untilWaiting(pool, 1);
    await dropper.query('commit');
    await dropper.query('begin');
    await dropper.query(`select bus.retire_partition('attempt', $1::date, 100)`, [dayOf(40)]);
    const close = pool.query(
      `with gone as (delete from bus.due where event_id = $1 returning event_id)
       insert into bus.attempt_group (event_id, operation_id, attempt, outcome) select event_id, 2, 2, 0 from gone`,
      [eventId],
    );
    await untilWaiting(pool, 1);
    await dropper.query('commit');
    dropper.release();
    expect((await read).rows).toHaveLength(1);
    expect((await close).rowCount).toBe(1);
    const { rows } = await pool.query(
      'select attempt from bus.attempt where event_id = $1 order by attempt',
      [eventId],
    );
    expect(rows).toEqual([{ attempt: 1 }, { attempt: 2 }]);
  });

  it('gives up its turn where the table is in use for long, and where somebody else is at it', async () => {
    await makeDay(40);
    await eventOf(40);
    const reader = await pool.connect();
    await reader.query('begin');
    await reader.query('select count(*) from bus.event');
    expect(await retention.retireOldest(30, null)).toEqual({ outcome: 'busy' });
    await reader.query('rollback');
    await reader.query('begin');
    await reader.query(`select pg_advisory_xact_lock(hashtext('bus.ensure_partitions'))`);
    expect(await retention.retireOldest(30, null)).toEqual({ outcome: 'busy' });
    await reader.query('rollback');
    reader.release();
    expect(await retention.retireOldest(30, null)).toMatchObject({ outcome: 'dropped' });
  });

  it('keeps a day whose open events are too many to move while everybody waits', async () => {
    await makeDay(40);
    await pool.query(
      `insert into bus.due (operation_id, due_at, event_id, attempt, counted)
       select 1, clock_timestamp(), (substr(bus.first_event_id(clock_timestamp() - interval '40 day')::text, 1, 14)
         || '7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 0, 0 from generate_series(1, 5001) n`,
    );
    expect(await retention.retireOldest(30, null)).toEqual({
      outcome: 'kept',
      table: 'event',
      day: dayOf(40),
    });
    await makeDay(35);
    expect(await retention.retireOldest(30, dayOf(40))).toMatchObject({ outcome: 'dropped', day: dayOf(35) });
  });

  it('deletes moved events once they have ended for as long, and their identity is kept 90 days more', async () => {
    await makeDay(60);
    const [open, justEnded, longEnded] = [await eventOf(60), await eventOf(60, 2), await eventOf(60, 31)];
    for (const eventId of [open, justEnded, longEnded]) await due(eventId);
    for (let n = 0; n < 2; n++) await retention.retireOldest(30, null);
    await pool.query('delete from bus.due where event_id = any ($1)', [[justEnded, longEnded]]);
    expect(await retention.pruneMoved(30, null)).toEqual({ deleted: 1, next: null });
    expect(await where('event', open)).toBe('event_default');
    expect(await where('event', justEnded)).toBe('event_default');
    expect(await where('attempt_group', longEnded)).toBeUndefined();
    const { rows } = await pool.query(
      `select prune_after - current_date as days from bus.event_identity where event_id = $1`,
      [longEnded],
    );
    expect([59, 60, 61]).toContain(rows[0].days);
  });

  it('leaves alone a moved event that somebody holds by its identity', async () => {
    await makeDay(60);
    const eventId = await eventOf(60, 31);
    await due(eventId);
    for (let n = 0; n < 2; n++) await retention.retireOldest(30, null);
    await pool.query('delete from bus.due');
    const person = await pool.connect();
    await person.query('begin');
    await person.query('select from bus.event_identity where event_id = $1 for update', [eventId]);
    expect(await retention.pruneMoved(30, null)).toEqual({ deleted: 0, next: null });
    await person.query('rollback');
    person.release();
    expect(await retention.pruneMoved(30, null)).toEqual({ deleted: 1, next: null });
  });

  it('sweeps identities 90 days after their event ended, and never while it is open or stored', async () => {
    await makeDay(100);
    const [gone, open] = [await eventOf(100), await eventOf(100)];
    await due(open);
    expect(await retention.sweepIdentities()).toEqual({ deleted: 0, movedOn: 2 }); // both are stored
    await pool.query('update bus.event_identity set prune_after = current_date - 1');
    for (let n = 0; n < 2; n++) await retention.retireOldest(30, null);
    // Dropped today, so it ended today at the latest.
    expect(await retention.sweepIdentities()).toEqual({ deleted: 0, movedOn: 2 });
    expect(await retention.sweepIdentities()).toEqual({ deleted: 0, movedOn: 0 });
    await pool.query('update bus.event_identity set prune_after = current_date - 1');
    await pool.query(`update bus.retired_day set retired_at = clock_timestamp() - interval '92 day'`);
    expect(await retention.sweepIdentities()).toEqual({ deleted: 1, movedOn: 1 });
    const { rows } = await pool.query('select event_id from bus.event_identity');
    expect(rows).toEqual([{ event_id: open }]);
    expect(rows).not.toEqual([{ event_id: gone }]);
  });

  it('deletes placeholders whose event never came, and looks at 1,000 identities at a time', async () => {
    await pool.query(
      `insert into bus.event_identity (identity, cancelled_at, prune_after)
       select gen_random_uuid(), clock_timestamp(), current_date - 1 from generate_series(1, 1001)`,
    );
    await pool.query(
      `insert into bus.event_identity (identity, deliver_at, prune_after)
       values (gen_random_uuid(), clock_timestamp() + interval '200 day', current_date - 2)`,
    );
    expect(await retention.sweepIdentities()).toEqual({ deleted: 999, movedOn: 1 });
    expect(await retention.sweepIdentities()).toEqual({ deleted: 2, movedOn: 0 });
    expect(await identities()).toBe(1);
  });

  it('refuses what is no number of days', async () => {
    await expect(retention.retireOldest(0, null)).rejects.toThrow(RangeError);
  });
});
