import { v7 } from 'uuid';
import type { TestDatabase } from '@bus/embedded-postgres';
import type { DataSource } from 'typeorm';
import { migrateStore, storeDataSource } from '../../data-source';
import { createStoreDatabase } from '../../testing';
import { AttemptGroup0009 } from './0009-attempt-group';

describe(AttemptGroup0009, () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeAll(async () => {
    database = await createStoreDatabase('group');
    source = await storeDataSource(database.url).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const attemptsOf = (eventId: string): Promise<unknown[]> =>
    source.query(
      `select operation_id, attempt, outcome, code, duration_ms from bus.attempt
        where event_id = $1 order by operation_id`,
      [eventId],
    );

  it('lets the version before write through the view while both run', async () => {
    const eventId = v7();
    await source.query(
      `with end_of as (select $1::uuid as event_id, unnest(array[1, 2]) as operation_id)
       insert into bus.attempt (event_id, operation_id, attempt, outcome, code, duration_ms, dispatcher_id)
       select event_id, operation_id, 1, 2, 'busy', 7, 1 from end_of`,
      [eventId],
    );
    expect(await attemptsOf(eventId)).toEqual(
      [1, 2].map((operation) => ({
        operation_id: operation,
        attempt: 1,
        outcome: 2,
        code: 'busy',
        duration_ms: 7,
      })),
    );
    const ended: { recent: boolean }[] = await source.query(
      `select ended_at > clock_timestamp() - interval '1 min' as recent from bus.attempt where event_id = $1`,
      [eventId],
    );
    expect(ended.map(({ recent }) => recent)).toEqual([true, true]);
    await source.query(
      'delete from bus.attempt a using (select $1::uuid as event_id) o where a.event_id = o.event_id',
      [eventId],
    );
    expect(await attemptsOf(eventId)).toEqual([]);
  });

  it('keeps every attempt when it is undone', async () => {
    const eventId = v7();
    await source.query(
      `insert into bus.attempt_group
         (event_id, operation_id, attempt, outcome, duration_ms, other_operation_ids, other_duration_ms)
       values ($1, 1, 1, 0, 5, '{2,3}', '{6,null}')`,
      [eventId],
    );
    const before = await attemptsOf(eventId);
    expect(before).toHaveLength(3);
    await source.undoLastMigration();
    expect(await attemptsOf(eventId)).toEqual(before);
    expect(await migrateStore(database.url)).toHaveLength(1);
    expect(await attemptsOf(eventId)).toEqual(before);
  });

  it('goes on making and dropping day partitions of attempts', async () => {
    const day = '2020-01-02';
    await source.query(`select bus.ensure_partition('event', $1), bus.ensure_partition('attempt', $1)`, [
      day,
    ]);
    const parts: { name: string }[] = await source.query(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'bus.attempt_group'::regclass and c.relname like '%20200102'`,
    );
    expect(parts).toEqual([{ name: 'attempt_20200102' }]);
    await source.query(`select bus.retire_partition('event', $1, 10)`, [day]);
    await source.query(`select bus.retire_partition('attempt', $1, 10)`, [day]);
    expect(await source.query(`select to_regclass('bus.attempt_20200102') as gone`)).toEqual([
      { gone: null },
    ]);
  });
});
