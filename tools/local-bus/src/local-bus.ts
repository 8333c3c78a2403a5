import { join } from 'node:path';
import colours from 'picocolors';
import { AppProcess, type AppEvents } from './app-process';
import { MIGRATE_APP, discoverApps, type LocalApp } from './apps';
import { buildApps, scriptOf } from './build-apps';
import { startInfrastructure, type Infrastructure } from './infrastructure';
import { formatLogLine } from './log-line';
import { portsOf, requireFree } from './ports';
import { waitUntilReady } from './readiness';
import { RunFile } from './run-file';
import { runOnce } from './run-once';
import { seconds, type Terminal } from './terminal';

/** As in the images: V8's own sizes promote the bus's short-lived batches and collect the old space twice a second. */
const NODE_FLAGS = [
  '--max-semi-space-size=32',
  '--heap-growing-percent=200',
  '--max-old-space-size=320',
  '--enable-source-maps',
];
const READY_WITHIN_MS = 60_000;
/** Beyond the 25 s in which bus-consumer finishes its calls. */
const STOP_WITHIN_MS = 30_000;
const COLOURS = [colours.cyan, colours.magenta, colours.blue, colours.green, colours.yellow, colours.red];

export interface LocalBusOptions {
  root: string;
  env: NodeJS.ProcessEnv;
  /** Every log line of the apps, not warnings and errors alone. */
  verbose: boolean;
  /** Where the run is noted. Default `.data` below the root; a second bus beside this one needs its own. */
  dataDir?: string;
}

/** The whole bus on this machine: PostgreSQL, Kafka where asked for, and every app as its own process. */
export class LocalBus {
  readonly apps: LocalApp[];
  private readonly processes = new Map<string, AppProcess>();
  private readonly replicas: AppProcess[] = [];
  private readonly runFile: RunFile;
  private infrastructure: Infrastructure | undefined;
  private stopping = false;

  constructor(
    private readonly options: LocalBusOptions,
    private readonly terminal: Terminal,
  ) {
    this.apps = discoverApps(options.root, options.env);
    const starter = { name: 'npm start', pid: process.pid, mark: 'local-bus/start.mjs' };
    this.runFile = new RunFile(
      join(options.dataDir ?? join(options.root, '.data'), 'local-bus.json'),
      starter,
    );
  }

  /** Builds, starts what the apps stand on, migrates, starts every app, and waits until all are ready.
   *  @throws Error that a person can act on; `stop` clears up after it as after a success */
  async start(signal: AbortSignal): Promise<void> {
    const left = await this.runFile.endLeftovers();
    if (left.length > 0) this.terminal.line(`Ended what a killed start had left behind: ${left.join(', ')}`);
    await requireFree(portsOf(this.apps));
    const [built, infrastructure] = await Promise.allSettled([
      this.build(signal),
      startInfrastructure(this.options.root, this.options.env, this.terminal, (entry) =>
        this.runFile.note(entry),
      ),
    ]);
    if (infrastructure.status === 'rejected') throw infrastructure.reason;
    this.infrastructure = infrastructure.value;
    if (built.status === 'rejected') throw built.reason;
    signal.throwIfAborted();
    await this.migrate(signal);
    await this.startApps(signal);
  }

  get databaseUrl(): string {
    return this.started.databaseUrl;
  }

  get broker(): 'postgres' | 'kafka' {
    return this.started.broker;
  }

  /** @throws Error if no app of this name is found */
  app(name: string): LocalApp {
    const app = this.apps.find((one) => one.name === name);
    if (!app)
      throw new Error(`There is no app ${name}; there are ${this.apps.map((one) => one.name).join(', ')}`);
    return app;
  }

  /** Starts an app that was stopped. Resolves when it is ready. */
  async startApp(name: string, signal: AbortSignal): Promise<void> {
    const app = this.app(name);
    const running = this.processes.get(name) ?? this.newProcess(app);
    this.processes.set(name, running);
    running.start();
    try {
      await waitUntilReady(app.httpPort, READY_WITHIN_MS, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Ends one app by SIGTERM, as a deployment would; it stays down until `startApp`. */
  async stopApp(name: string): Promise<void> {
    await this.processes.get(name)?.stop(STOP_WITHIN_MS);
  }

  /** Ends one app as a crash would; it is started again. False: it is down at this moment. */
  crashApp(name: string): boolean {
    const pid = this.processes.get(name)?.pid;
    return pid !== undefined && process.kill(pid, 'SIGKILL');
  }

  /** One more replica of an app, on an HTTP port of its own. Not started yet; `stop` ends it with the others. */
  replicaOf(name: string, replica: string, httpPort: number): AppProcess {
    const command = {
      name: replica,
      args: [...NODE_FLAGS, this.script(name)],
      env: this.environment({ HTTP_PORT: httpPort }),
      cwd: this.options.root,
    };
    const added = new AppProcess(command, this.events());
    this.replicas.push(added);
    return added;
  }

  /** Ends everything in order: the bus finishes its calls while the services still answer, then the services,
   *  then Kafka and PostgreSQL.
   *  @returns whether anything was started */
  async stop(): Promise<boolean> {
    this.stopping = true;
    await Promise.all(this.replicas.map((replica) => replica.stop(STOP_WITHIN_MS)));
    for (const scope of ['bus', 'consumer'] as const) {
      await Promise.all(
        this.apps.filter((app) => app.scope === scope).map((app) => this.stopSaying(app.name)),
      );
    }
    await this.infrastructure?.stop();
    this.runFile.remove();
    return this.infrastructure !== undefined;
  }

  /** Ends everything at once. What was committed stays; what was running is run again at the next start. */
  kill(): void {
    this.stopping = true;
    for (const app of [...this.replicas, ...this.processes.values()]) app.kill();
    this.infrastructure?.kill();
    this.runFile.remove();
  }

  private get started(): Infrastructure {
    if (!this.infrastructure) throw new Error('The local bus is not started');
    return this.infrastructure;
  }

  private async build(signal: AbortSignal): Promise<void> {
    const names = [MIGRATE_APP, ...this.apps.map((app) => app.name)];
    await this.terminal.step(`Building ${names.length} apps`, async (tell) => {
      const built = await buildApps(this.options.root, names, tell, signal);
      return built ? `Built ${names.length} apps` : `${names.length} apps are built already`;
    });
  }

  private async migrate(signal: AbortSignal): Promise<void> {
    const services = this.apps.filter((app) => app.scope === 'consumer').map((app) => app.name);
    await this.terminal.step('Migrating the databases', async () => {
      const runs = [
        { name: MIGRATE_APP, args: [this.script(MIGRATE_APP)] },
        ...services.map((name) => ({ name: `${name} --migrate`, args: [this.script(name), '--migrate'] })),
      ];
      const env = this.environment({});
      await Promise.all(runs.map(({ name, args }) => runOnce(name, args, env, this.options.root, signal)));
      return 'Databases are migrated';
    });
  }

  private async startApps(signal: AbortSignal): Promise<void> {
    const waiting = new Set(this.apps.map((app) => app.name));
    await this.terminal.step(`Starting ${waiting.size} apps`, async (tell) => {
      const startedAt = performance.now();
      await Promise.all(
        this.apps.map(async ({ name, httpPort, rpcPort }) => {
          await this.startApp(name, signal);
          waiting.delete(name);
          const where = `http ${httpPort}${rpcPort ? `, rpc ${rpcPort}` : ''}`;
          this.terminal.line(
            `  ${name.padEnd(14)} ${colours.dim(`${where.padEnd(20)} ${seconds(performance.now() - startedAt)}`)}`,
          );
          tell(`still waiting for ${[...waiting].join(', ')}`);
        }),
      );
      return `${this.apps.length} apps are ready`;
    });
  }

  private newProcess(app: LocalApp): AppProcess {
    const ports = { HTTP_PORT: app.httpPort, ...(app.rpcPort ? { RPC_PORT: app.rpcPort } : {}) };
    const command = {
      name: app.name,
      args: [...NODE_FLAGS, this.script(app.name)],
      env: this.environment(ports),
      cwd: this.options.root,
    };
    return new AppProcess(command, this.events());
  }

  private events(): AppEvents {
    return {
      line: (name, text) => {
        const shown = formatLogLine(text, this.options.verbose);
        if (shown !== null) this.terminal.line(`${this.prefix(name)} ${shown}`);
      },
      started: (name, pid) => this.runFile.note({ name, pid, mark: this.script(name) }),
      died: (name, how, restartInMs) => {
        if (this.stopping) return;
        const again = `starts again in ${restartInMs / 1000} s`;
        this.terminal.line(`${this.prefix(name)} ${colours.red(`ended with ${how}`)}; ${again}`);
      },
    };
  }

  private async stopSaying(name: string): Promise<void> {
    const inTime = await this.processes.get(name)?.stop(STOP_WITHIN_MS);
    if (inTime === false) {
      this.terminal.line(
        `${this.prefix(name)} ${colours.red(`did not end within ${STOP_WITHIN_MS / 1000} s and was killed`)}`,
      );
    }
  }

  private prefix(name: string): string {
    const index = this.apps.findIndex((app) => app.name === name);
    const colour = COLOURS[index % COLOURS.length] ?? colours.white;
    return colour(`${name.padEnd(13)} │`);
  }

  private script(name: string): string {
    return join(this.options.root, scriptOf(name));
  }

  /** `HTTP_PORT` and `RPC_PORT` of this shell would move all apps to one port: they are not passed on. */
  private environment(ports: Record<string, number>): NodeJS.ProcessEnv {
    const { HTTP_PORT: _http, RPC_PORT: _rpc, ...rest } = this.options.env;
    const texts = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]));
    return { ...rest, LOG_FORMAT: 'json', ...this.started.env, ...texts };
  }
}
