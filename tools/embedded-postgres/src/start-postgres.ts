import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { othersMayEnter, postgresBinaries, type PostgresBinaries } from './postgres-binaries';
import { commandLineOf, endProcess, isRunning } from './running-process';

const READY = 'ready to accept connections';
const START_DEADLINE_MS = 60_000; // crash recovery after a SIGKILL reads the log again
const STOP_GRACE_MS = 30_000;
const SUPERUSER = 'bus';

export interface PostgresOptions {
  /** Kept over restarts. Default `.data/postgres` below the working directory. */
  dataDir?: string;
  /** On 127.0.0.1. Default: `EMBEDDED_POSTGRES_PORT`, else 54329. 0: a free one. */
  port?: number;
  /**
   * `processes`: what was committed outlives the death of any process, the server's own included, but not of the
   * machine (nothing is flushed to disk). `false`: it need outlive nothing, for tests whose data may be lost.
   * Default `true`.
   */
  durable?: boolean | 'processes';
  /** Server settings beside the usual ones, or instead of them: `{ max_wal_size: '8GB' }`. */
  settings?: Readonly<Record<string, string>>;
}

export interface RunningPostgres {
  /** Of the database `bus`, as the superuser `bus`. */
  url: string;
  port: number;
  pid: number;
  /** Where the data really lies: elsewhere than asked for if root's directories are closed to others. */
  dataDir: string;
  /** Ends every session and stops the server; its data stays. */
  stop(): Promise<void>;
}

/** Starts a real PostgreSQL on 127.0.0.1, after making its data directory on first use. A server that an
 *  earlier, killed process left on the same data is stopped first. Ready when it resolves.
 *  @throws Error if the port is taken, the data is in use by a live process, or the server does not start;
 *  the message carries the server's last lines */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const binaries = postgresBinaries();
  const dataDir = reachableDataDir(resolve(options.dataDir ?? '.data/postgres'), binaries);
  const port = (options.port ?? Number(process.env.EMBEDDED_POSTGRES_PORT || 54_329)) || (await freePort());
  await endLeftover(dataDir);
  if (!existsSync(join(dataDir, 'PG_VERSION'))) initialise(dataDir, binaries);
  const server = spawn(binaries.postgres, serverArguments(dataDir, port, options), {
    ...binaries.identity,
    cwd: dataDir,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // its own group: Ctrl-C in a terminal reaches the launcher alone, which stops it last
  });
  const pid = server.pid as number;
  await ready(server, port);
  writeFileSync(
    ownerFile(dataDir),
    JSON.stringify({ owner: process.pid, command: commandLineOf(process.pid) }),
  );
  return {
    url: `postgres://${SUPERUSER}@127.0.0.1:${port}/${SUPERUSER}`,
    port,
    pid,
    dataDir,
    stop: async () => {
      await endProcess(pid, 'SIGINT', STOP_GRACE_MS);
      rmSync(ownerFile(dataDir), { force: true });
    },
  };
}

/** Stops the server that an owner who is gone left on this directory.
 *  @throws Error if its owner lives */
export async function endLeftover(dataDir: string): Promise<void> {
  const pid = serverPid(dataDir);
  if (pid === undefined) return;
  const owner = liveOwner(dataDir);
  if (owner !== undefined) {
    throw new Error(
      `${dataDir} is in use by process ${owner}; stop that one, or give another data directory`,
    );
  }
  await endProcess(pid, 'SIGINT', STOP_GRACE_MS);
}

/** A port that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done, fail) => probe.once('error', fail).listen(0, '127.0.0.1', done));
  const { port } = probe.address() as { port: number };
  await new Promise((done) => probe.close(done));
  return port;
}

function reachableDataDir(wanted: string, { identity }: PostgresBinaries): string {
  mkdirSync(dirname(wanted), { recursive: true });
  const inTheWay = identity.uid !== undefined && !othersMayEnter(dirname(wanted));
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  return inTheWay ? join(tmpdir(), `omnibus-data-${name}`) : wanted;
}

/**
 * Built aside and renamed when whole: a process killed half-way leaves nothing that looks finished. The database is
 * made by a server of one user, before there is a port: a later start then needs no connection of its own, which
 * clients that come back at the same moment may have used up.
 */
function initialise(dataDir: string, { initdb, postgres, identity }: PostgresBinaries): void {
  const aside = `${dataDir}.new`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { mode: 0o700 });
  if (identity.uid !== undefined && identity.gid !== undefined) chownSync(aside, identity.uid, identity.gid);
  const options = ['-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  execFileSync(initdb, ['-D', aside, ...options], { ...identity, cwd: aside, stdio: 'pipe' });
  const input = `CREATE DATABASE ${SUPERUSER};\n`;
  execFileSync(postgres, ['--single', '-D', aside, 'postgres'], {
    ...identity,
    cwd: aside,
    stdio: 'pipe',
    input,
  });
  renameSync(aside, dataDir);
}

function serverArguments(dataDir: string, port: number, options: PostgresOptions): string[] {
  const { durable = true } = options;
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: durable ? 200 : 300, // tests: two workers, each with several apps and pools
    shared_buffers: durable ? '256MB' : '128MB',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    wal_level: 'minimal',
    max_wal_senders: 0,
    autovacuum_naptime: '10s', // the narrow hot tables live by being vacuumed early
    log_min_messages: 'log', // the quietest that still says "ready to accept connections"
    log_checkpoints: 'off',
    log_min_error_statement: 'panic',
    ...(durable === true ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...(durable === false ? { synchronous_commit: 'off' } : {}),
    ...options.settings,
  };
  const pairs = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', dataDir, '-p', String(port), ...pairs];
}

function ready(server: ChildProcess, port: number): Promise<void> {
  return new Promise((done, fail) => {
    let said = '';
    const giveUp = setTimeout(() => {
      server.kill('SIGKILL');
      fail(new Error(`PostgreSQL was not ready within ${START_DEADLINE_MS / 1000} s:\n${said}`));
    }, START_DEADLINE_MS);
    server.once('error', (error) => {
      clearTimeout(giveUp);
      fail(error);
    });
    server.once('exit', (code) => {
      clearTimeout(giveUp);
      const taken = said.includes('could not bind');
      const fix = taken ? `; port ${port} is taken: free it, or set EMBEDDED_POSTGRES_PORT` : '';
      fail(new Error(`PostgreSQL ended with code ${code}${fix}:\n${said.trim()}`));
    });
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
      if (!said.includes(READY)) return;
      clearTimeout(giveUp);
      server.unref();
      (server.stderr as unknown as { unref?(): void }).unref?.();
      done();
    });
  });
}

/** `postmaster.pid` is PostgreSQL's own: its first line is the server's process id. */
function serverPid(dataDir: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
    return isRunning(pid) && commandLineOf(pid).includes(dataDir) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function liveOwner(dataDir: string): number | undefined {
  try {
    const { owner, command } = JSON.parse(readFileSync(ownerFile(dataDir), 'utf8')) as {
      owner: number;
      command: string;
    };
    const itself = owner === process.pid;
    return itself || (isRunning(owner) && commandLineOf(owner) === command) ? owner : undefined;
  } catch {
    return undefined;
  }
}

function ownerFile(dataDir: string): string {
  return `${dataDir}.owner.json`;
}
