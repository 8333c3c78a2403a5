import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

/** Guards against two migrations at the same time. */
const ADVISORY_LOCK = 4_210_771;

/**
 * The log, in a schema of its own. Offsets are counted per partition and taken under the lock of its row, so that no
 * later offset is ever visible before an earlier one. `log` has one row, made with the tables: its id keeps positions
 * from being used with another log.
 */
const TABLES = `
create schema if not exists bus_broker;
create table if not exists bus_broker.log (
  one boolean primary key default true check (one),
  log_id uuid not null,
  created_at timestamptz not null default clock_timestamp()
);
alter table bus_broker.log add column if not exists notify_key uuid not null default gen_random_uuid();
create table if not exists bus_broker.partition (
  partition integer primary key,
  first_offset bigint not null default 0,
  next_offset bigint not null default 0
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create table if not exists bus_broker.record (
  partition integer,
  "offset" bigint,
  key text not null,
  headers text not null,
  value bytea not null,
  appended_at timestamptz not null default clock_timestamp(),
  primary key (partition, "offset")
) with (autovacuum_vacuum_insert_scale_factor = 0.5);
create table if not exists bus_broker.member (
  member_id uuid primary key,
  seen_at timestamptz not null default clock_timestamp(),
  sleeping boolean not null default false
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
`;

/** Makes what is missing of the log; what exists is left as it is. More partitions than before are added: do that on
 *  a drained log only, since keys move. */
export async function createBrokerTables(pool: Pool, options: { partitions: number }): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
    await client.query(TABLES);
    await client.query('insert into bus_broker.log (log_id) values ($1) on conflict do nothing', [
      randomUUID(),
    ]);
    await client.query(
      'insert into bus_broker.partition (partition) select generate_series(0, $1::integer - 1) on conflict do nothing',
      [options.partitions],
    );
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}
