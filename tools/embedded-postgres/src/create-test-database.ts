import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

export interface TestDatabase {
  url: string;
  /** Ends whatever is still connected and drops the database. */
  drop(): Promise<void>;
}

/** An empty database of its own for one spec file, on the PostgreSQL of this Jest run.
 *  @param prefix of its name, in small letters, digits and `_`: shows in `pg_stat_activity`. Default `spec`
 *  @param template a database to copy that nobody is connected to; default: an empty one
 *  @throws Error if `TEST_DATABASE_URL` is unset: jest.preset.js names the global set-up that sets it */
export async function createTestDatabase(prefix = 'spec', template?: string): Promise<TestDatabase> {
  const admin = process.env.TEST_DATABASE_URL;
  if (!admin) throw new Error('TEST_DATABASE_URL is unset; run this through Jest with jest.preset.js');
  const name = `${prefix.replaceAll(/[^a-z0-9_]/g, '_')}_${process.pid}_${randomBytes(4).toString('hex')}`;
  await runAs(admin, `CREATE DATABASE ${name}${template ? ` TEMPLATE ${template}` : ''}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => runAs(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function runAs(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
