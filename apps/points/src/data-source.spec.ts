import type { DataSource } from 'typeorm';
import { pointsDataSource } from './data-source';
import { startTestDataSource } from './testing/test-data-source';

describe(pointsDataSource.name, () => {
  let dataSource: DataSource;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
  });
  afterAll(() => stop());

  it('migrates to exactly the tables that the schemas describe', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('undoes its migrations without a trace but its own record', async () => {
    for (const _ of dataSource.migrations) await dataSource.undoLastMigration();
    const left = await dataSource.query("SELECT tablename FROM pg_tables WHERE schemaname = 'points'");
    expect(left).toHaveLength(1);
    await dataSource.runMigrations();
  });
});
