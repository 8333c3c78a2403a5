import { createTestDatabase } from '@bus/embedded-postgres';
import type { DataSource } from 'typeorm';
import { smsDataSource } from '../data-source';

/** The app's tables in a database of their own, migrated. */
export async function startTestDataSource(): Promise<{ dataSource: DataSource; stop(): Promise<void> }> {
  const database = await createTestDatabase('sms');
  const dataSource = smsDataSource({ url: database.url, poolSize: 6 });
  await dataSource.initialize();
  await dataSource.runMigrations();
  return {
    dataSource,
    // The app that was given it may have closed it.
    stop: async () => {
      if (dataSource.isInitialized) await dataSource.destroy();
      await database.drop();
    },
  };
}
