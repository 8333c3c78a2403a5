import { DataSource, type DataSourceOptions, type Migration } from 'typeorm';
import { ProcessedExecution, processedExecutionSchema } from './processed-execution.schema';

export interface ConsumerDataSourceOptions {
  /** postgres://… */
  url: string;
  /** The app's own schema, made before its first migration. */
  schema: string;
  /** Entity schemas; that of `processed_execution` is added. */
  entities: NonNullable<DataSourceOptions['entities']>;
  /** Migration classes, listed by hand: globs find nothing in a bundle. */
  migrations: NonNullable<DataSourceOptions['migrations']>;
  /** Connections at most. Default 6. */
  poolSize?: number;
}

/** Session limits: no lock, statement or idle transaction may hold the others up. */
const SESSION =
  '-c lock_timeout=3000 -c statement_timeout=15000 -c idle_in_transaction_session_timeout=10000';
const CONNECT_MS = 5_000;

/** A consumer app's PostgreSQL: its own schema, with the kit's table and the record of migrations inside. */
export function consumerDataSource(options: ConsumerDataSourceOptions): ConsumerDataSource {
  return new ConsumerDataSource(options);
}

export class ConsumerDataSource extends DataSource {
  readonly schema: string;

  constructor({ url, schema, entities, migrations, poolSize = 6 }: ConsumerDataSourceOptions) {
    const given = Object.values(entities);
    const known = given.some(
      (entity) => (entity as { options?: { target?: unknown } }).options?.target === ProcessedExecution,
    );
    super({
      type: 'postgres',
      url,
      schema,
      entities: known ? given : [...given, processedExecutionSchema(schema)],
      migrations,
      migrationsTableName: 'migration',
      migrationsTransactionMode: 'each',
      synchronize: false,
      poolSize,
      connectTimeoutMS: CONNECT_MS,
      extra: { options: SESSION },
    });
    this.schema = schema;
  }

  /** Whether there are migrations to run. Makes nothing, unlike TypeORM's: not even where the schema is missing. */
  override async showMigrations(): Promise<boolean> {
    const record = `"${this.schema}"."${this.options.migrationsTableName}"`;
    const [{ there }] = (await this.query(`select to_regclass($1) is not null as there`, [record])) as [
      { there: boolean },
    ];
    return there ? super.showMigrations() : this.migrations.length > 0;
  }

  /** Makes the schema, then runs what is new; several processes at once wait for each other. */
  override async runMigrations(options?: Parameters<DataSource['runMigrations']>[0]): Promise<Migration[]> {
    const runner = this.createQueryRunner();
    try {
      // The lock is this session's; TypeORM runs the migrations on another connection of the pool.
      // It waits for as long as another process migrates.
      await runner.query(`set lock_timeout = 0; set statement_timeout = 0`);
      await runner.query(`select pg_advisory_lock(hashtext($1))`, [`omnibus ${this.schema}`]);
      await runner.query(`create schema if not exists "${this.schema}"`);
      return await super.runMigrations(options);
    } finally {
      await runner.query(`select pg_advisory_unlock_all()`).catch(() => undefined);
      await runner.query(`reset lock_timeout; reset statement_timeout`).catch(() => undefined);
      await runner.release();
    }
  }
}
