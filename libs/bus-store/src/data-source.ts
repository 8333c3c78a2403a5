import 'reflect-metadata';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { STORE_MIGRATIONS } from './postgres/migrations';
import { STORE_SCHEMAS } from './postgres/schema/store-schemas';

/** Any number; one migration at a time in one database. */
const MIGRATION_LOCK = 4_817_001;

/** The store's tables as TypeORM sees them: for migrations and the drift test, not for the hot path. */
export function storeDataSource(databaseUrl: string): DataSource {
  return new DataSource({
    type: 'postgres',
    url: databaseUrl,
    schema: 'bus',
    entities: STORE_SCHEMAS,
    migrations: STORE_MIGRATIONS,
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    poolSize: 2,
    applicationName: 'bus-migrate',
  });
}

/**
 * Brings the schema `bus` to the newest version; safe to run several times and from several processes at once.
 * @returns names of the migrations that were run now
 */
export async function migrateStore(databaseUrl: string): Promise<string[]> {
  const guard = new Client({ connectionString: databaseUrl, application_name: 'bus-migrate' });
  await guard.connect();
  try {
    await guard.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    // TypeORM writes its own table before the first migration.
    await guard.query('create schema if not exists bus');
    const source = await storeDataSource(databaseUrl).initialize();
    try {
      return (await source.runMigrations()).map((migration) => migration.name);
    } finally {
      await source.destroy();
    }
  } finally {
    await guard.end();
  }
}
