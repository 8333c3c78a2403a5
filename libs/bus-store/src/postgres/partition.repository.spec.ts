import type { TestDatabase } from '@bus/embedded-postgres';
import { createStoreDatabase } from '../testing';
import { createStorePool, type StorePool } from './connection';
import { PostgresPartitionUpkeep } from './partition.repository';

describe(PostgresPartitionUpkeep, () => {
  let database: TestDatabase;
  let pool: StorePool;
  let upkeep: PostgresPartitionUpkeep;

  beforeEach(async () => {
    database = await createStoreDatabase('partition');
    pool = createStorePool({ connectionString: database.url, applicationName: 'partition-spec' });
    upkeep = new PostgresPartitionUpkeep(pool);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  /** An event, with one ended attempt, whose id is `days` from today. */
  const eventOf = async (days: number): Promise<string> => {
    const { rows } = await pool.query<{ id: string }>(
      `with id as (
         select (substr(bus.first_event_id(clock_timestamp() + $1::int * interval '1 day')::text, 1, 14)
                 || '7000-8000-' || lpad(to_hex((random() * 1e9)::bigint), 12, '0'))::uuid as id),
       event as (
         insert into bus.event (event_id, source, message_id, type, payload, occurred_at, broker_partition, broker_offset)
         select id, 'spec', id::text, 'spec', '{}', clock_timestamp(), 0, 0 from id)
       insert into bus.attempt_group (event_id, operation_id, attempt, outcome) select id, 1, 1, 0 from id
       returning event_id as id`,
      [days],
    );
    return rows[0].id;
  };
  const partitionOf = async (table: string, eventId: string): Promise<string> =>
    (
      await pool.query(
        `select c.relname as name from bus.${table} t join pg_class c on c.oid = t.tableoid where event_id = $1`,
        [eventId],
      )
    ).rows[0].name;
  const day = async (days: number): Promise<string> =>
    (
      await pool.query(
        `select to_char(clock_timestamp() at time zone 'UTC' + $1::int * interval '1 day', 'YYYYMMDD') as day`,
        [days],
      )
    ).rows[0].day;

  it('keeps an event and its attempts in the partition of the day in its id', async () => {
    const [today, later] = [await eventOf(0), await eventOf(2)];
    expect(await partitionOf('event', today)).toBe(`event_${await day(0)}`);
    expect(await partitionOf('attempt_group', today)).toBe(`attempt_${await day(0)}`);
    expect(await partitionOf('event', later)).toBe(`event_${await day(2)}`);
  });

  it('makes the days that are missing, once, from two replicas at the same moment', async () => {
    const made = await Promise.all([upkeep.ensureDays(10), upkeep.ensureDays(10)]);
    expect(made.sort()).toEqual([0, 6]);
    expect(await upkeep.ensureDays(10)).toBe(0);
  });

  it('moves the rows of a late day out of the default partition, and raises the alarm until then', async () => {
    const eventId = await eventOf(9);
    expect(await partitionOf('event', eventId)).toBe('event_default');
    expect(await upkeep.defaultRowsNewerThanOldest()).toBe(2);
    expect(await upkeep.ensureDays(9)).toBe(4);
    expect(await partitionOf('event', eventId)).toBe(`event_${await day(9)}`);
    expect(await partitionOf('attempt_group', eventId)).toBe(`attempt_${await day(9)}`);
    expect(await upkeep.defaultRowsNewerThanOldest()).toBe(0);
  });

  it('raises no alarm for open events of days that were dropped', async () => {
    expect(await partitionOf('event', await eventOf(-30))).toBe('event_default');
    expect(await upkeep.defaultRowsNewerThanOldest()).toBe(0);
  });

  it('lets readers and writers go on while days are made', async () => {
    const reader = await pool.connect();
    await reader.query('begin');
    const eventId = await eventOf(0);
    await reader.query('select from bus.event where event_id = $1', [eventId]);
    expect(await upkeep.ensureDays(8)).toBe(2);
    await reader.query('commit');
    reader.release();
  });

  it('refuses what is no number of days', () => {
    expect(() => upkeep.ensureDays(-1)).toThrow(RangeError);
  });

  it('makes a look-up by event id touch one day only', async () => {
    const eventId = await eventOf(0);
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
      `explain (costs off) select * from bus.event where event_id = '${eventId}'`,
    );
    expect(rows.map((row) => row['QUERY PLAN'].trim())).toEqual([
      expect.stringMatching(/^Index Scan using event_\d{8}_pkey on event_\d{8} event$/),
      `Index Cond: (event_id = '${eventId}'::uuid)`,
    ]);
  });
});
