import { Injectable } from '@nestjs/common';
import { StoreCheck, type StoreFinding, type StoreNeeds } from '../store-check';
import { StorePool } from './connection';
import { STORE_MIGRATIONS } from './migrations';
import {
  clockFinding,
  settingFindings,
  tableFindings,
  type ServerFacts,
  type TableFacts,
} from './store-rules';

/**
 * `pg_settings.reset_val` of synchronous_commit is what this role and database get; the limits are those of our own
 * session, as the pool sets them.
 */
const SERVER = `
select current_setting('server_version_num')::int as version, current_setting('server_version') as "versionText",
       current_setting('fsync') as fsync, current_setting('full_page_writes') as "fullPageWrites",
       (select reset_val from pg_settings where name = 'synchronous_commit') as "synchronousCommit",
       current_setting('autovacuum') as autovacuum,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as connections,
       (select setting::int from pg_settings where name = 'statement_timeout') as "statementTimeoutMs",
       (select setting::int from pg_settings where name = 'lock_timeout') as "lockTimeoutMs",
       (select setting::int from pg_settings where name = 'idle_in_transaction_session_timeout')
         as "idleInTransactionMs",
       current_setting('synchronous_standby_names') as "synchronousStandbyNames",
       (select count(*)::int from pg_stat_replication) as standbys`;

/** The clock by itself: nothing else may take time in its statement. */
const CLOCK = 'select extract(epoch from clock_timestamp()) * 1000 as ms';

const MIGRATIONS = 'select name from bus.migration';

/** Days ahead without a gap, counted from today (UTC); 0: not even today's partition exists. */
const TABLES = `
with day as (
  select step, to_char((clock_timestamp() at time zone 'UTC')::date + step, 'YYYYMMDD') as name
    from generate_series(0, 30) step),
missing as (
  select min(step) as step from day
   where to_regclass('bus.event_' || name) is null or to_regclass('bus.attempt_' || name) is null)
select coalesce((select step from missing), 31) as "daysMade",
       (select count(*)::int from (select from bus.event_default limit 1000) d) as "defaultEvents",
       (select count(*)::int from (select from bus.attempt_default limit 1000) d) as "defaultAttempts"`;

const UNDEFINED_TABLE = '42P01';
/** The quickest of so many round trips bounds the error of the comparison. */
const CLOCK_LOOKS = 5;

@Injectable()
export class PostgresStoreCheck extends StoreCheck {
  constructor(private readonly pool: StorePool) {
    super();
  }

  async findings({ poolSize }: StoreNeeds): Promise<StoreFinding[]> {
    const { rows } = await this.pool.query<ServerFacts>(SERVER);
    return [
      ...settingFindings(rows[0], poolSize),
      clockFinding(await this.clockOffset()),
      ...(await this.tables()),
    ];
  }

  private async tables(): Promise<StoreFinding[]> {
    try {
      const ran = await this.pool.query<{ name: string }>(MIGRATIONS);
      const known = STORE_MIGRATIONS.map((migration) => new migration().name);
      const names = new Set(ran.rows.map(({ name }) => name));
      const pending = known.filter((name) => !names.has(name));
      const unknown = [...names].filter((name) => !known.includes(name));
      const facts = pending.length > 0 ? null : (await this.pool.query<TableFacts>(TABLES)).rows[0];
      return tableFindings({ pending, unknown }, facts);
    } catch (error) {
      if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error;
      return tableFindings({ pending: ['all of them'], unknown: [] }, null);
    }
  }

  /** Database clock minus this machine's, in ms, and half the round trip that it was told in. */
  private async clockOffset(): Promise<{ offsetMs: number; errorMs: number }> {
    let best = { offsetMs: 0, errorMs: Infinity };
    for (let look = 0; look < CLOCK_LOOKS; look += 1) {
      const sent = performance.now();
      const { rows } = await this.pool.query<{ ms: string }>(CLOCK);
      const errorMs = (performance.now() - sent) / 2;
      const offsetMs = Number(rows[0].ms) - (Date.now() - errorMs);
      if (errorMs < best.errorMs) best = { offsetMs, errorMs };
    }
    return best;
  }
}
