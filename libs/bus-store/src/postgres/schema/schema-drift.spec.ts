import type { TestDatabase } from '@bus/embedded-postgres';
import { Attempt, Execution } from '@bus/contracts';
import type { DataSource } from 'typeorm';
import { migrateStore, storeDataSource } from '../../data-source';
import { LedgerHarness, createStoreDatabase } from '../../testing';

describe('schema bus', () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeAll(async () => {
    database = await createStoreDatabase('drift');
    source = await storeDataSource(database.url).initialize();
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  it('is the same in migrations and entity schemas', async () => {
    const { upQueries } = await source.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('has no table that is not mapped', async () => {
    const rows: { name: string }[] = await source.query(
      `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'bus' and c.relkind in ('r', 'p', 'v') and not c.relispartition and c.relname <> 'migration'`,
    );
    expect(rows.map((row) => row.name).sort()).toEqual(
      source.entityMetadatas.map((entity) => entity.tableName).sort(),
    );
  });

  it('orders every key by its bytes', async () => {
    const rows: { column: string }[] = await source.query(
      `select c.relname || '.' || a.attname as column from pg_attribute a
         join pg_class c on c.oid = a.attrelid join pg_collation l on l.oid = a.attcollation
        where c.relnamespace = 'bus'::regnamespace and c.relkind = 'r' and l.collname = 'C' order by 1`,
    );
    expect(rows.map((row) => row.column)).toEqual(
      expect.arrayContaining([
        'consumer_offset.log_id',
        'due.key',
        'lane.key',
        'operation.name',
        'waiting.key',
      ]),
    );
  });

  it('vacuums what fills and empties by count, without pauses', async () => {
    const rows: { name: string }[] = await source.query(
      `select relname as name from pg_class where relnamespace = 'bus'::regnamespace and relkind = 'r'
          and reloptions @> '{autovacuum_vacuum_scale_factor=0,autovacuum_vacuum_threshold=5000,autovacuum_vacuum_cost_delay=0}'
        order by 1`,
    );
    expect(rows.map((row) => row.name)).toEqual(['due', 'in_flight', 'lane', 'waiting']);
  });

  it('is migrated once, however many processes try at the same moment', async () => {
    const { url, drop } = await createStoreDatabase('migrated');
    expect(await Promise.all([migrateStore(url), migrateStore(url), migrateStore(url)])).toEqual([
      [],
      [],
      [],
    ]);
    await drop();
  });

  it('is undone and done again without a trace', async () => {
    const { url, drop } = await createStoreDatabase('undone');
    const other = await storeDataSource(url).initialize();
    const names = (await other.migrations).length;
    for (let left = names; left > 0; left -= 1) await other.undoLastMigration();
    const rows: unknown[] = await other.query(
      `select relname from pg_class where relnamespace = 'bus'::regnamespace and relname !~ '^migration'
         and relname !~ '^PK_'`,
    );
    expect(rows).toEqual([]);
    await other.destroy();
    expect(await migrateStore(url)).toHaveLength(names);
    await drop();
  });

  it('reads entities with their words, not their codes', async () => {
    const harness = await LedgerHarness.open();
    const graph = await harness.graph('drift.event', [{ name: 'drift.one' }]);
    const eventId = await harness.event(graph);
    const operationId = graph.operations[0].operationId;
    await harness.pool.query(
      `insert into bus.attempt_group (event_id, operation_id, attempt, outcome, output) values ($1, $2, 1, 0, '{"a":1}')`,
      [eventId, operationId],
    );
    const other = await storeDataSource(harness.database.url).initialize();
    expect(await other.getRepository(Attempt).findOneBy({ eventId })).toMatchObject({
      outcome: 'completed',
      output: { a: 1 },
    });
    expect(await other.getRepository(Execution).findBy({ eventId })).toEqual([
      { eventId, operationId, operation: 'drift.one', state: 'completed', attempt: 1, dueAt: null },
    ]);
    await other.destroy();
    await harness.close();
  });
});
