import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres, type RunningPostgres } from '@bus/embedded-postgres';
import { Pool } from 'pg';
import { RedisServer } from './redis-server';

export interface ArenaOptions {
  /** Absolute: data and logs. */
  workDir: string;
  signal: AbortSignal;
  progress(text: string): void;
}

/** As a database server that takes load would be set; written into the report. */
export const POSTGRES_SETTINGS: Readonly<Record<string, string>> = {
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
  shared_buffers: '512MB',
  synchronous_commit: 'on',
  fsync: 'on',
};

/** The servers that all contenders share, and fresh databases on them. */
export class Arena {
  private databases = 0;
  private redisServer: Promise<RedisServer> | undefined;

  private constructor(
    readonly options: ArenaOptions,
    readonly postgres: RunningPostgres,
    private readonly admin: Pool,
  ) {}

  static async open(options: ArenaOptions): Promise<Arena> {
    mkdirSync(join(options.workDir, 'logs'), { recursive: true });
    options.progress('starting PostgreSQL');
    const postgres = await startPostgres({
      dataDir: join(options.workDir, 'postgres'),
      port: 0,
      settings: POSTGRES_SETTINGS,
    });
    const admin = new Pool({ connectionString: postgres.url, max: 1 });
    admin.on('error', () => undefined); // the server ends idle sessions when it stops
    const arena = new Arena(options, postgres, admin);
    const { rows } = await admin.query<{ datname: string }>(
      `select datname from pg_database where datname like 'bench\\_%'`,
    );
    for (const { datname } of rows) await arena.dropDatabase(datname);
    return arena;
  }

  get logDir(): string {
    return join(this.options.workDir, 'logs');
  }

  /** Major and minor version of the server. */
  async postgresVersion(): Promise<string> {
    const { rows } = await this.admin.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? 'unknown';
  }

  /** An empty database of its own, nothing of the ones before left to be written. */
  async freshDatabase(): Promise<BenchDatabase> {
    const name = `bench_${(this.databases += 1)}`;
    await this.admin.query(`create database ${name}`);
    await this.checkpoint();
    const url = new URL(this.postgres.url);
    url.pathname = `/${name}`;
    return { name, url: url.href, drop: () => this.dropDatabase(name) };
  }

  async checkpoint(): Promise<void> {
    await this.admin.query('checkpoint');
  }

  /** Bytes of WAL written so far. */
  async walBytes(): Promise<number> {
    const { rows } = await this.admin.query<{ bytes: string }>(
      `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::text as bytes`,
    );
    return Number(rows[0]?.bytes);
  }

  /** Started at the first call. @throws Error that names the package where there is none */
  redis(): Promise<RedisServer> {
    return (this.redisServer ??= RedisServer.start(join(this.options.workDir, 'redis')));
  }

  async close(): Promise<void> {
    await this.admin.end();
    await (await this.redisServer?.catch(() => undefined))?.stop();
    await this.postgres.stop();
  }

  private async dropDatabase(name: string): Promise<void> {
    await this.admin.query(`drop database if exists ${name} with (force)`);
  }
}

export interface BenchDatabase {
  name: string;
  url: string;
  drop(): Promise<void>;
}
