import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Arena, BenchDatabase } from './arena';
import { ContenderProcess, type Ready } from './contender-process';
import { ROOT } from './root';

/** Names of contenders, as the report has them. */
export const BUS = 'Omnibus';

export interface Contender {
  name: string;
  settings: string;
  /** What keeps its data: its CPU counts beside the contender's own. */
  store: 'postgres' | 'redis';
  /** Takes events one by one, too. */
  steady: boolean;
  /** @param database default: a fresh one, dropped at the end */
  start(arena: Arena, env?: Record<string, string>, database?: BenchDatabase): Promise<RunningContender>;
}

export interface RunningContender {
  process: ContenderProcess;
  ready: Ready;
  /** Process ids by name: `node` and the store's. */
  roots: { node: number; store: number };
  stop(): Promise<void>;
}

/** tools/bench/peers/peers.json. */
interface Peers {
  /** Below the folder. */
  node22: string;
  peers: Peer[];
}

interface Peer {
  script: string;
  variant: string;
  title: string;
  needs: 'postgres' | 'redis';
  node: '20' | '22';
  /** Takes events one by one, too. */
  steady: boolean;
  settings: string;
}

const PEERS = join(ROOT, 'tools', 'bench', 'peers');
/** Of the dispatcher, as its image sets it (docs/performance.md). */
export const NODE_ARGS = [
  '--enable-source-maps',
  '--max-semi-space-size=32',
  '--heap-growing-percent=200',
  '--max-old-space-size=320',
];

/** The bus as one process with no-op handlers, or with `BENCH_ENDPOINT` in `env` calling a service. */
export const omnibus: Contender = {
  name: BUS,
  settings: 'Postgres broker, 12 partitions, pool 6, validation, logs and metrics on',
  store: 'postgres',
  steady: true,
  async start(arena, env = {}, given) {
    const database = given ?? (await arena.freshDatabase());
    const { process, ready } = await ContenderProcess.start({
      name: BUS,
      command: globalThis.process.execPath,
      args: [...NODE_ARGS, join(ROOT, 'dist/tools/bench/bus.js')],
      env: { ...busEnv(database.url), ...env },
      cwd: ROOT,
      logFile: join(arena.logDir, 'omnibus.log'),
      signal: arena.options.signal,
    });
    return running(process, ready, given ? null : database, arena.postgres.pid);
  },
};

/** Settings of bus-producer and bus-consumer on one database, for one process or several. */
export function busEnv(databaseUrl: string): Record<string, string> {
  return {
    DATABASE_URL: databaseUrl,
    BUS_BROKER: 'postgres',
    BUS_PARTITIONS: '12',
    HTTP_PORT: '0',
    RPC_PORT: '0',
    BIND_HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    LOG_FORMAT: 'json',
  };
}

/** Installs the peers where they are not, each in its exact version. @returns all of them, in the table's order */
export function loadPeers(progress: (text: string) => void): Contender[] {
  if (!existsSync(join(PEERS, 'node_modules'))) {
    progress('installing the peers (tools/bench/peers)');
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: PEERS, stdio: 'pipe' });
  }
  const { node22, peers } = JSON.parse(readFileSync(join(PEERS, 'peers.json'), 'utf8')) as Peers;
  return peers.map((peer) => contenderOf(peer, peer.node === '22' ? join(PEERS, node22) : process.execPath));
}

function contenderOf({ script, variant, title, needs, settings, steady }: Peer, command: string): Contender {
  return {
    name: title,
    settings,
    store: needs,
    steady,
    async start(arena) {
      const database = needs === 'postgres' ? await arena.freshDatabase() : null;
      const redis = needs === 'redis' ? await arena.redis() : null;
      await redis?.empty();
      const { process, ready } = await ContenderProcess.start({
        name: title,
        command,
        args: ['--max-semi-space-size=64', join(PEERS, script), variant],
        env: redis ? { REDIS_URL: redis.url } : { DATABASE_URL: database?.url ?? '' },
        cwd: PEERS,
        logFile: join(arena.logDir, `${script}-${variant}.log`),
        signal: arena.options.signal,
      });
      if (redis) ready.versions['redis-server'] = redis.version;
      return running(process, ready, database, redis?.pid ?? arena.postgres.pid);
    },
  };
}

/** @param database dropped at the end */
function running(
  process: ContenderProcess,
  ready: Ready,
  database: BenchDatabase | null,
  store: number,
): RunningContender {
  return {
    process,
    ready,
    roots: { node: process.pid, store },
    stop: async () => {
      await process.stop();
      await database?.drop();
    },
  };
}
