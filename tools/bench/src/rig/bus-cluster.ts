import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { OPERATION_DEFAULTS } from '@bus/contracts';
import { runOnce } from '@bus/local-bus';
import { freePort, ProofProcess, StageKafka, type ProofRole } from '@bus/proof';
import { createStorePool, PostgresOperationGraphs, type StorePool } from '@bus/store';
import { OPERATIONS, TYPE } from '../bus/bench-events';
import type { Behaviour } from '../downstream/no-op.handler';
import type { Arena, BenchDatabase } from './arena';
import { BenchDownstream } from './bench-downstream';
import { busEnv, NODE_ARGS } from './contenders';
import { ROOT } from './root';

export interface ClusterOptions {
  broker: 'postgres' | 'kafka';
  producers: number;
  consumers: number;
  service?: Partial<Behaviour>;
  /** Default: a fresh one. */
  database?: BenchDatabase;
}

const READY_WITHIN_MS = 60_000;
const APPS = { producer: 'bus-producer', consumer: 'bus-consumer', console: 'bus-console' } as const;

/** The bus as it is run: every app its own process from its production bundle, services behind TCP. */
export class BusCluster {
  readonly producers: ProofProcess[] = [];
  readonly consumers: ProofProcess[] = [];

  private constructor(
    private readonly arena: Arena,
    private readonly env: Record<string, string>,
    readonly database: BenchDatabase,
    readonly pool: StorePool,
    readonly service: BenchDownstream,
    readonly kafka: StageKafka | null,
    private readonly ownsDatabase: boolean,
  ) {}

  static async open(arena: Arena, options: ClusterOptions): Promise<BusCluster> {
    const database = options.database ?? (await arena.freshDatabase());
    const [port, controllerPort] = [await freePort(), await freePort()];
    const dataDir = join(arena.options.workDir, 'kafka');
    if (options.broker === 'kafka') {
      rmSync(dataDir, { recursive: true, force: true });
      mkdirSync(dataDir, { recursive: true });
    }
    const kafka =
      options.broker === 'kafka'
        ? new StageKafka({ dataDir, port, advertisedPort: port, controllerPort })
        : null;
    await kafka?.start();
    const env: Record<string, string> = {
      ...busEnv(database.url),
      BUS_BROKER: options.broker,
      ...(kafka
        ? { KAFKA_BROKERS: `127.0.0.1:${port}`, DEV_SINGLE_BROKER: 'true', BUS_REPLICATION: '1' }
        : {}),
    };
    await runOnce(
      'bus-migrate',
      [join(ROOT, 'dist/apps/bus-migrate/main.js')],
      { ...process.env, ...env },
      ROOT,
    );
    const service = await BenchDownstream.start(arena, options.service);
    const pool = createStorePool({ connectionString: database.url, applicationName: 'bench', poolSize: 2 });
    pool.on('error', () => undefined); // its database is dropped under it at the end
    const cluster = new BusCluster(
      arena,
      env,
      database,
      pool,
      service,
      kafka,
      options.database === undefined,
    );
    await new PostgresOperationGraphs(pool).activate({
      eventType: TYPE,
      expectedVersion: null,
      operations: OPERATIONS.map((name) => ({
        ...OPERATION_DEFAULTS,
        name,
        eventType: TYPE,
        endpoint: service.endpoint,
      })),
      actor: 'bench',
      reason: null,
    });
    for (let n = 0; n < options.producers; n += 1) await cluster.start('producer');
    for (let n = 0; n < options.consumers; n += 1) await cluster.start('consumer');
    return cluster;
  }

  /** Resolves when it is ready. */
  async start(app: keyof typeof APPS): Promise<ProofProcess> {
    const list = app === 'producer' ? this.producers : this.consumers;
    const name = `${app}-${list.length + 1}`;
    const made = new ProofProcess({
      name,
      role: (app === 'console' ? 'producer' : app) satisfies ProofRole,
      script: join(ROOT, 'dist/apps', APPS[app], 'main.js'),
      nodeArgs: NODE_ARGS,
      env: this.env,
      logFile: join(this.arena.logDir, `${name}.log`),
      cwd: ROOT,
      httpPort: await freePort(),
      rpcPort: app === 'producer' ? await freePort() : null,
    });
    made.restartAutomatically = false;
    made.start();
    await made.ready(READY_WITHIN_MS);
    if (app !== 'console') list.push(made);
    return made;
  }

  /** Process ids by role, for the CPU of each. */
  get roots(): Record<string, number> {
    const pids = [...this.producers, ...this.consumers].map((one) => [one.name, one.pid ?? 0] as const);
    return {
      ...Object.fromEntries(pids),
      service: this.service.pid,
      postgres: this.arena.postgres.pid,
      ...(this.kafka?.pid ? { kafka: this.kafka.pid } : {}),
    };
  }

  /** Waits until so many executions have completed. @throws Error after `withinMs` with what it saw last */
  async untilCompleted(executions: number, withinMs: number): Promise<void> {
    const deadlineMs = performance.now() + withinMs;
    for (;;) {
      const { rows } = await this.pool.query<{ count: string }>(
        'select count(*) from bus.attempt where outcome = 0',
      );
      const count = Number(rows[0]?.count);
      if (count >= executions) return;
      if (performance.now() > deadlineMs) throw new Error(`${count} of ${executions} executions completed`);
      await pause(200);
    }
  }

  async close(): Promise<void> {
    for (const one of [...this.consumers, ...this.producers]) await one.close();
    await this.service.stop();
    await this.kafka?.stop();
    await this.pool.end();
    if (this.ownsDatabase) await this.database.drop();
  }
}
