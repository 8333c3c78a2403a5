import type { TestDatabase } from '@bus/embedded-postgres';
import { createTestDatabase } from '@bus/embedded-postgres';
import { v7 } from 'uuid';
import { createStoreDatabase } from '../testing';
import { createStorePool, type StorePool } from './connection';
import { PostgresStoreCheck } from './store-check.repository';
import { clockFinding, settingFindings, type ServerFacts } from './store-rules';

const GOOD: ServerFacts = {
  version: 140_000,
  versionText: '14.0',
  fsync: 'on',
  fullPageWrites: 'on',
  synchronousCommit: 'on',
  autovacuum: 'on',
  connections: 97,
  statementTimeoutMs: 15_000,
  lockTimeoutMs: 3_000,
  idleInTransactionMs: 10_000,
  synchronousStandbyNames: 'ANY 1 (*)',
  standbys: 2,
};

describe(settingFindings, () => {
  it('finds all good on a server that is set up for the guarantees', () => {
    expect(settingFindings(GOOD, 6).filter(({ level }) => level !== 'good')).toEqual([]);
  });

  it.each<[string, Partial<ServerFacts>, 'advice' | 'fault']>([
    ['PostgreSQL version', { version: 130_012, versionText: '13.12' }, 'fault'],
    ['fsync', { fsync: 'off' }, 'fault'],
    ['full_page_writes', { fullPageWrites: 'off' }, 'fault'],
    ['synchronous_commit', { synchronousCommit: 'off' }, 'fault'],
    ['synchronous_commit', { synchronousCommit: 'local' }, 'fault'],
    ['autovacuum', { autovacuum: 'off' }, 'fault'],
    ['max_connections', { connections: 29 }, 'fault'],
    ['max_connections', { connections: 89 }, 'advice'],
    ['statement_timeout', { statementTimeoutMs: 0 }, 'fault'],
    ['lock_timeout', { lockTimeoutMs: 60_000 }, 'fault'],
    ['idle_in_transaction_session_timeout', { idleInTransactionMs: 0 }, 'fault'],
    ['standbys', { synchronousStandbyNames: '' }, 'advice'],
  ])('finds %s where it is not: %j', (subject, over, level) => {
    const found = settingFindings({ ...GOOD, ...over }, 6).filter((finding) => finding.level !== 'good');
    expect(found).toMatchObject([{ subject, level }]);
    expect(found[0].fix).toEqual(expect.any(String));
  });
});

describe(clockFinding, () => {
  it('takes up to 500 ms, and what the round trip may explain', () => {
    expect(clockFinding({ offsetMs: -499, errorMs: 1 }).level).toBe('good');
    expect(clockFinding({ offsetMs: 600, errorMs: 150 }).level).toBe('good');
    expect(clockFinding({ offsetMs: -502, errorMs: 1 }).level).toBe('fault');
  });
});

describe(PostgresStoreCheck, () => {
  let database: TestDatabase;
  let pool: StorePool;

  const open = async (made: Promise<TestDatabase>) => {
    database = await made;
    pool = createStorePool({ connectionString: database.url, applicationName: 'check-spec' });
  };
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });
  const finding = async (subject: string) =>
    (await new PostgresStoreCheck(pool).findings({ poolSize: 6 })).find((one) => one.subject === subject);

  it('finds the tables as bus-migrate leaves them, and the clock of the same machine', async () => {
    await open(createStoreDatabase('check'));
    expect(await finding('migrations')).toMatchObject({ level: 'good' });
    expect(await finding('day partitions')).toMatchObject({ level: 'good' });
    expect(await finding('default partitions')).toMatchObject({ level: 'good' });
    expect(await finding('database clock')).toMatchObject({ level: 'good' });
    expect(await finding('lock_timeout')).toMatchObject({ level: 'good', found: '3000 ms' });
  });

  it('finds a database that bus-migrate has not seen', async () => {
    await open(createTestDatabase('check'));
    expect(await finding('migrations')).toMatchObject({ level: 'fault', fix: 'run bus-migrate' });
    expect(await finding('day partitions')).toBeUndefined();
  });

  it('finds a migration that has not run, and one that is newer than this build', async () => {
    await open(createStoreDatabase('check'));
    await pool.query(`update bus.migration set name = 'Later0000000000999' where name like 'Repair%'`);
    expect(await finding('migrations')).toMatchObject({
      level: 'fault',
      found: 'not run: Repair0000000000008',
    });
    expect(await finding('schema version')).toMatchObject({ level: 'advice' });
  });

  it('finds a day without its partition, and rows that no day takes', async () => {
    await open(createStoreDatabase('check'));
    await pool.query(
      `do $$ begin
         execute 'drop table bus.attempt_' || to_char((clock_timestamp() at time zone 'UTC')::date + 1, 'YYYYMMDD');
       end $$`,
    );
    await pool.query(
      `insert into bus.attempt_group (event_id, operation_id, attempt, outcome) values ($1, 1, 1, 0)`,
      [v7({ msecs: Date.now() + 400 * 86_400_000 })],
    );
    expect(await finding('day partitions')).toMatchObject({
      level: 'fault',
      found: 'today and 0 days ahead',
    });
    expect(await finding('default partitions')).toMatchObject({
      level: 'advice',
      found: '0 events, 1 attempts',
    });
  });

  it('finds what the database itself takes away: synchronous_commit', async () => {
    await open(createStoreDatabase('check'));
    const name = new URL(database.url).pathname.slice(1);
    await pool.query(`alter database ${name} set synchronous_commit = off`);
    await pool.end();
    pool = createStorePool({ connectionString: database.url, applicationName: 'check-spec' });
    expect(await finding('synchronous_commit')).toMatchObject({ level: 'fault', found: 'off' });
  });
});
