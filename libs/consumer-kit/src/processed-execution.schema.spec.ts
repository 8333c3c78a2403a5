import {
  createProcessedExecution,
  ProcessedExecution,
  processedExecutionSchema,
} from './processed-execution.schema';
import { KitDatabase } from './testing/kit-database';
import { kitRequest } from './testing/kit-request';
import { completed } from '@bus/contracts';
import { withIdempotency } from './with-idempotency';
import { withProviderIdempotency } from './with-provider-idempotency';

/** A machine that others use too. */
jest.setTimeout(60_000);

describe(processedExecutionSchema.name, () => {
  let database: KitDatabase;

  beforeAll(async () => {
    database = await KitDatabase.open();
  });
  afterAll(() => database.close());

  it(`describes exactly the table that ${createProcessedExecution.name} makes`, async () => {
    const { upQueries } = await database.dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('reads what the kit has recorded', async () => {
    const request = kitRequest();
    await withIdempotency(database.dataSource.manager, request, async () => completed({ coupon: 'C-1' }));
    const { executionId } = request;
    expect(await database.dataSource.getRepository(ProcessedExecution).findOneBy({ executionId })).toEqual({
      executionId,
      operation: 'kit.apply',
      attempt: 1,
      contentHash: expect.any(Buffer),
      pending: false,
      output: { coupon: 'C-1' },
      recordedAt: expect.any(Date),
    });
  });

  it('trap-20: counts the time that rows are kept from the end of the execution, not from its first call', async () => {
    const request = kitRequest();
    const isOld = async () => {
      const [row] = await database.dataSource.query(
        `select recorded_at < clock_timestamp() - interval '90 days' as old
           from kit.processed_execution where execution_id = $1`,
        [request.executionId],
      );
      return (row as { old: boolean }).old;
    };
    await withProviderIdempotency(database.dataSource, request, async () => {
      await database.dataSource.query(
        `update kit.processed_execution set recorded_at = recorded_at - interval '91 days'
          where execution_id = $1`,
        [request.executionId],
      );
      expect(await isOld()).toBe(true);
      return completed();
    });
    expect(await isOld()).toBe(false);
  });

  it('has an index for whoever prunes older rows', async () => {
    const indexes: { indexdef: string }[] = await database.dataSource.query(
      `select indexdef from pg_indexes where schemaname = 'kit' and tablename = 'processed_execution'`,
    );
    expect(indexes.map(({ indexdef }) => indexdef.replace(/.*\((.*)\)$/, '$1')).sort()).toEqual([
      'execution_id',
      'recorded_at',
    ]);
  });
});
