import { createHash } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { Client } from 'pg';
import { migrateStore } from '../data-source';
import { STORE_MIGRATIONS } from '../postgres/migrations';

/** Any number: one process makes the template, the others wait for it. */
const TEMPLATE_LOCK = 4_817_002;

/**
 * A database of its own with the store's tables: a copy of a template that is migrated once per PostgreSQL (some
 * 50 ms instead of a second). Needs TEST_DATABASE_URL, which jest's global set-up sets.
 */
export async function createStoreDatabase(prefix = 'store'): Promise<TestDatabase> {
  const template = await ensureTemplate();
  return createTestDatabase(prefix, template);
}

/** Named by what the migrations do and by the day (UTC) that they made partitions for. */
function templateName(): string {
  const hash = createHash('sha256');
  for (const migration of STORE_MIGRATIONS) hash.update(new migration().up.toString());
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  return `store_template_${day}_${hash.digest('hex').slice(0, 12)}`;
}

async function ensureTemplate(): Promise<string> {
  const url = process.env['TEST_DATABASE_URL'];
  if (!url) throw new Error('TEST_DATABASE_URL is unset; run this through Jest with jest.preset.js');
  const name = templateName();
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await makeTemplate(admin, url, name);
    return name;
  } finally {
    await admin.end();
  }
}

/** Migrated under another name and renamed at the end, so that a killed run leaves no half-made template. */
async function makeTemplate(admin: Client, adminUrl: string, name: string): Promise<void> {
  const raw = `${name}_raw`;
  await admin.query(`drop database if exists ${raw} with (force)`);
  await admin.query(`create database ${raw}`);
  const url = new URL(adminUrl);
  url.pathname = `/${raw}`;
  await migrateStore(url.href);
  await admin.query(
    'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
    [raw],
  );
  await admin.query(`alter database ${raw} rename to ${name}`);
}
