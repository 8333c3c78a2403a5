import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ConsumerDataSource, consumerDataSource } from './consumer-data-source';
import { ProcessedExecution, processedExecutionSchema } from './processed-execution.schema';
import { KitTables1767225600001, kitDataSource } from './testing/kit-database';

/** A machine that others use too. */
jest.setTimeout(60_000);

class FailsOnce1767225600002 implements MigrationInterface {
  static failing = true;
  readonly name = 'FailsOnce1767225600002';

  async up(db: QueryRunner): Promise<void> {
    await db.query('create table kit.second (a integer)');
    if (FailsOnce1767225600002.failing) throw new Error('half way');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('drop table kit.second');
  }
}

describe(ConsumerDataSource.name, () => {
  let database: TestDatabase;
  let opened: ConsumerDataSource[];

  beforeEach(async () => {
    opened = [];
    database = await createTestDatabase('kit');
  });
  afterEach(async () => {
    for (const source of opened) await source.destroy();
    await database.drop();
  });

  const open = async (source = kitDataSource(database.url)): Promise<ConsumerDataSource> => {
    await source.initialize();
    opened.push(source);
    return source;
  };
  const tables = async (source: ConsumerDataSource): Promise<string[]> => {
    const rows: { name: string }[] = await source.query(
      `select schemaname || '.' || tablename as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
    );
    return rows.map(({ name }) => name);
  };
  /** Resolves once `count` connections wait for a lock, for `forMs` at least. */
  const untilWaiting = async (source: ConsumerDataSource, count: number, forMs = 0) => {
    const deadlineMs = performance.now() + 20_000;
    for (let waiting = 0; waiting < count;) {
      if (performance.now() > deadlineMs) throw new Error(`${waiting} of ${count} wait`);
      [{ waiting }] = await source.query(
        `select count(*)::int as waiting from pg_stat_activity where datname = current_database()
            and wait_event_type = 'Lock' and clock_timestamp() - query_start >= $1 * interval '1 ms'`,
        [forMs],
      );
    }
  };
  /** What a process does that is about to migrate, until it is released. */
  const holdMigrations = async (source: ConsumerDataSource) => {
    const runner = source.createQueryRunner();
    await runner.query(`select pg_advisory_lock(hashtext('omnibus kit'))`);
    return async () => {
      await runner.query('select pg_advisory_unlock_all()');
      await runner.release();
    };
  };

  it('makes the schema, with the record of migrations inside', async () => {
    const source = await open();
    expect((await source.runMigrations()).map(({ name }) => name)).toEqual(['KitTables1767225600001']);
    expect(await tables(source)).toEqual(['kit.effect', 'kit.migration', 'kit.processed_execution']);
    expect(await source.runMigrations()).toEqual([]);
  });

  it('tells that migrations are to run where there is not even a schema, and makes nothing', async () => {
    const source = await open();
    expect(await source.showMigrations()).toBe(true);
    expect(await tables(source)).toEqual([]);
    await source.runMigrations();
    expect(await source.showMigrations()).toBe(false);
  });

  it('tells that a newer version has migrations to run', async () => {
    await (await open()).runMigrations();
    const migrations = [KitTables1767225600001, FailsOnce1767225600002];
    const newer = consumerDataSource({ url: database.url, schema: 'kit', entities: [], migrations });
    expect(await (await open(newer)).showMigrations()).toBe(true);
  });

  it('lets processes that migrate at once wait for each other, and runs each migration once', async () => {
    const watch = await open();
    const release = await holdMigrations(watch);
    const sources = await Promise.all([open(), open(), open()]);
    const runs = Promise.all(sources.map((source) => source.runMigrations()));
    await Promise.race([untilWaiting(watch, 3), runs]);
    expect(await tables(watch)).toEqual([]);
    await release();
    expect((await runs).flat().map(({ name }) => name)).toEqual(['KitTables1767225600001']);
  });

  it('waits for the migrations of another process for longer than any statement may take', async () => {
    const watch = await open();
    const release = await holdMigrations(watch);
    const impatient = kitDataSource(database.url);
    (impatient.options as { extra: { options: string } }).extra.options =
      '-c lock_timeout=1500 -c statement_timeout=1500';
    const run = (await open(impatient)).runMigrations();
    await Promise.race([untilWaiting(watch, 1, 2_000), run]);
    await release();
    expect(await run).toHaveLength(1);
  });

  it('rolls a failed migration back, keeps those before it, and lets the next run go on', async () => {
    const migrations = [KitTables1767225600001, FailsOnce1767225600002];
    const source = await open(
      consumerDataSource({ url: database.url, schema: 'kit', entities: [], migrations }),
    );
    const printing = jest.spyOn(console, 'log').mockReturnValue(); // TypeORM prints it too
    await expect(source.runMigrations()).rejects.toThrow('half way');
    printing.mockRestore();
    expect(await tables(source)).toEqual(['kit.effect', 'kit.migration', 'kit.processed_execution']);
    FailsOnce1767225600002.failing = false;
    expect(await source.query(`select from pg_locks where locktype = 'advisory'`)).toEqual([]);
    const other = await open(
      consumerDataSource({ url: database.url, schema: 'kit', entities: [], migrations }),
    );
    expect((await other.runMigrations()).map(({ name }) => name)).toEqual(['FailsOnce1767225600002']);
  });

  it('limits every session, those that migrated too', async () => {
    const source = await open(kitDataSource(database.url, 2));
    await source.runMigrations();
    const runners = [source.createQueryRunner(), source.createQueryRunner()];
    const limits = await Promise.all(
      runners.map((runner) =>
        runner.query(
          `select name, setting || unit as limit from pg_settings
            where name in ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout')
            order by name`,
        ),
      ),
    );
    for (const runner of runners) await runner.release();
    const expected = [
      { name: 'idle_in_transaction_session_timeout', limit: '10000ms' },
      { name: 'lock_timeout', limit: '3000ms' },
      { name: 'statement_timeout', limit: '15000ms' },
    ];
    expect(limits).toEqual([expected, expected]);
  });

  it.each([
    ['adds the table of the kit to the entities', []],
    ['takes the table of the kit where the app lists it itself', [processedExecutionSchema('kit')]],
  ])('%s', async (_what, entities) => {
    const source = await open(
      consumerDataSource({ url: database.url, schema: 'kit', entities, migrations: [] }),
    );
    expect(source.getMetadata(ProcessedExecution).tablePath).toBe('kit.processed_execution');
    expect(source.entityMetadatas).toHaveLength(1);
  });
});
