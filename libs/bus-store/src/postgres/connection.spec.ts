import type { TestDatabase } from '@bus/embedded-postgres';
import { createStoreDatabase } from '../testing';
import { StorePool, createStorePool, named } from './connection';
import { CommitUnknownError, ReadOnlyServerError, TransactionAgain } from './connection.errors';
import { inTransaction, runAlone } from './transaction';

/** A deadlock is found after a second; the machine may be busy. */
jest.setTimeout(30_000);

describe(StorePool, () => {
  let database: TestDatabase;
  let pool: StorePool;

  beforeAll(async () => {
    database = await createStoreDatabase('connection');
    pool = createStorePool({
      connectionString: database.url,
      applicationName: 'connection-spec',
      lockTimeoutMs: 500,
    });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it('sets the limits of a session without spending a statement on them', async () => {
    pool.statements.reset();
    const client = await pool.connect();
    const { rows } = await client.query(
      `select current_setting('statement_timeout') statement, current_setting('lock_timeout') lock,
              current_setting('idle_in_transaction_session_timeout') idle, current_setting('TimeZone') zone,
              current_setting('transaction_isolation') isolation, current_setting('enable_seqscan') seqscan, current_setting('application_name') app`,
    );
    client.release();
    expect(rows).toEqual([
      {
        statement: '15s',
        lock: '500ms',
        idle: '10s',
        zone: 'UTC',
        isolation: 'read committed',
        seqscan: 'off',
        app: 'connection-spec',
      },
    ]);
    expect(pool.statements.total).toBe(1);
  });

  it('counts every statement at the driver, BEGIN and COMMIT included', async () => {
    const one = named('spec.one', 'select 1');
    pool.statements.reset();
    await inTransaction(pool, (client) => client.query(one()));
    expect(Object.fromEntries(pool.statements.byName)).toEqual({ begin: 1, 'spec.one': 1, commit: 1 });
  });

  it('refuses a server that is read-only', async () => {
    await pool.query(
      `alter database ${new URL(database.url).pathname.slice(1)} set default_transaction_read_only = on`,
    );
    const other = createStorePool({ connectionString: database.url, applicationName: 'read-only' });
    await expect(other.query('select 1')).rejects.toThrow(ReadOnlyServerError);
    await other.end();
    await pool.query(
      `begin; set transaction read write; alter database ${new URL(database.url).pathname.slice(1)} reset default_transaction_read_only; commit`,
    );
  });

  it('runs the whole transaction again when its ground has changed, and says how often', async () => {
    const before = pool.transactionsAgain;
    let runs = 0;
    const answer = await inTransaction(pool, async () => {
      runs += 1;
      if (runs < 3) throw new TransactionAgain('spec');
      return 'done';
    });
    expect([answer, runs, pool.transactionsAgain - before]).toEqual(['done', 3, 2]);
  });

  it('gives up after twenty runs and writes nothing', async () => {
    await pool.query('create table again (run integer)');
    const never = inTransaction(pool, async (client) => {
      await client.query('insert into again values (1)');
      throw new TransactionAgain('spec');
    });
    await expect(never).rejects.toThrow('to be run again: spec');
    expect((await pool.query('select from again')).rowCount).toBe(0);
  });

  it('runs the victim of a deadlock again', async () => {
    await pool.query('create table pair (id integer primary key); insert into pair values (1), (2)');
    const before = pool.transactionsAgain;
    let arrived = 0;
    let open!: () => void;
    const both = new Promise<void>((resolve) => (open = resolve));
    const lock = (first: number, second: number) =>
      inTransaction(pool, async (client) => {
        await client.query('set local lock_timeout = 0');
        await client.query('select from pair where id = $1 for update', [first]);
        arrived += 1;
        if (arrived === 2) open();
        await both;
        await client.query('select from pair where id = $1 for update', [second]);
        return first;
      });
    await expect(Promise.all([lock(1, 2), lock(2, 1)])).resolves.toEqual([1, 2]);
    // Once, or more often: the victim may be back before the other one has woken up.
    expect(pool.transactionsAgain - before).toBeGreaterThan(0);
  });

  it('says that it does not know when the connection goes while COMMIT is under way', async () => {
    await pool.query(`
      create table committed (id integer);
      create function slow_commit() returns trigger language plpgsql as
        $$ begin perform pg_advisory_xact_lock(77); return null; end $$;
      create constraint trigger slow_commit after insert on committed
        deferrable initially deferred for each row execute function slow_commit()`);
    const guard = await pool.connect();
    await guard.query('select pg_advisory_lock(77)');
    const commit = inTransaction(pool, async (client) => {
      await client.query('set local lock_timeout = 0');
      await client.query('insert into committed values (1)');
    });
    const outcome = expect(commit).rejects.toThrow(CommitUnknownError);
    await killWaiting(guard);
    await outcome;
    await guard.query('select pg_advisory_unlock(77)');
    guard.release();
    const alone = await pool.connect();
    await alone.query('select pg_advisory_lock(77)');
    const single = expect(
      runAlone(pool, { text: 'insert into committed select 2 from pg_sleep(0)' }),
    ).rejects.toThrow(CommitUnknownError);
    await killWaiting(alone);
    await single;
    await alone.query('select pg_advisory_unlock(77)');
    alone.release();
    expect((await pool.query('select 1 as alive')).rows).toEqual([{ alive: 1 }]);
  });

  async function killWaiting(client: Pick<StorePool, 'query'>): Promise<void> {
    const deadline = Date.now() + 5_000;
    for (;;) {
      const { rowCount } = await client.query(
        `select pg_terminate_backend(pid) from pg_locks
          where locktype = 'advisory' and not granted and objid = 77
            and database = (select oid from pg_database where datname = current_database())`,
      );
      if (rowCount) return;
      if (Date.now() > deadline) throw new Error('nobody waited for the advisory lock');
    }
  }
});
