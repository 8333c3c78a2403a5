import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import type { OperationRequest } from '@bus/contracts';
import type { EntityManager, MigrationInterface, QueryRunner } from 'typeorm';
import { consumerDataSource, type ConsumerDataSource } from '../consumer-data-source';
import { createProcessedExecution } from '../processed-execution.schema';

/** What a statement reads of `processed_execution`. */
export interface ExecutionRow {
  operation: string;
  attempt: number;
  pending: boolean;
  output: unknown;
}

/** The kit's table, and one for effects without a unique key, so that a double effect shows. */
export class KitTables1767225600001 implements MigrationInterface {
  readonly name = 'KitTables1767225600001';

  async up(db: QueryRunner): Promise<void> {
    await db.query(createProcessedExecution('kit'));
    await db.query('create table kit.effect (execution_id uuid not null, note text)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('drop table kit.effect, kit.processed_execution');
  }
}

/** A consumer app's source in the schema `kit`; not connected yet. */
export function kitDataSource(url: string, poolSize?: number): ConsumerDataSource {
  return consumerDataSource({
    url,
    schema: 'kit',
    entities: [],
    migrations: [KitTables1767225600001],
    poolSize,
  });
}

/** A database of its own with the kit's table, and what specs look at in it. */
export class KitDatabase {
  private readonly others: ConsumerDataSource[] = [];

  private constructor(
    private readonly database: TestDatabase,
    readonly dataSource: ConsumerDataSource,
  ) {}

  static async open(): Promise<KitDatabase> {
    const database = await createTestDatabase('kit');
    const dataSource = kitDataSource(database.url);
    await dataSource.initialize();
    await dataSource.runMigrations();
    return new KitDatabase(database, dataSource);
  }

  get url(): string {
    return this.database.url;
  }

  /** Connections of their own, as another process of the same app has. */
  async another(poolSize?: number): Promise<ConsumerDataSource> {
    const other = kitDataSource(this.url, poolSize);
    this.others.push(other);
    return other.initialize();
  }

  async addEffect(manager: EntityManager, { executionId }: OperationRequest): Promise<void> {
    await manager.query('insert into kit.effect (execution_id) values ($1)', [executionId]);
  }

  /** Committed ones. */
  async effects({ executionId }: OperationRequest): Promise<number> {
    const rows = await this.dataSource.query('select 1 from kit.effect where execution_id = $1', [
      executionId,
    ]);
    return rows.length;
  }

  /** The committed record of an execution. */
  async recorded({ executionId }: OperationRequest): Promise<ExecutionRow | undefined> {
    const rows: ExecutionRow[] = await this.dataSource.query(
      'select operation, attempt, pending, output from kit.processed_execution where execution_id = $1',
      [executionId],
    );
    return rows[0];
  }

  /** Resolves once `count` connections stand before a lock for at least `forMs`. @throws after 20 s */
  async untilWaiting(count: number, forMs = 0): Promise<void> {
    const deadlineMs = performance.now() + 20_000;
    for (;;) {
      const [{ waiting }] = await this.dataSource.query(
        `select count(*)::int as waiting from pg_stat_activity where datname = current_database()
            and wait_event_type = 'Lock' and clock_timestamp() - query_start >= $1 * interval '1 ms'`,
        [forMs],
      );
      if (waiting >= count) return;
      if (performance.now() > deadlineMs)
        throw new Error(`${count} connections should wait for a lock, ${waiting} do`);
    }
  }

  async close(): Promise<void> {
    for (const source of [this.dataSource, ...this.others]) if (source.isInitialized) await source.destroy();
    await this.database.drop();
  }
}
