import {
  bootstrap,
  exitOnFailure,
  HealthChecks,
  StartupError,
  type BootstrapOptions,
  type LogFormat,
  type LogLevel,
} from '@bus/app-shell';
import {
  Global,
  Module,
  type DynamicModule,
  type INestApplication,
  type OnApplicationShutdown,
  type Type,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DataSourceHealth } from './data-source-health';

export interface ConsumerBootstrapOptions {
  name: string;
  version?: string;
  module: Type | DynamicModule;
  config: { httpPort: number; rpcPort: number; host: string; logLevel: LogLevel; logFormat?: LogFormat };
  /** Injectable everywhere in the app as TypeORM's `DataSource`. */
  dataSource: DataSource;
}

/** How long a start waits for PostgreSQL, and how often it asks. */
const CONNECT_LIMIT_MS = 30_000;
const CONNECT_PAUSE_MS = 1_000;

/**
 * Starts a consumer app: `void bootstrapConsumer(() => ({ … }))`. With the argument `--migrate` it runs the app's
 * migrations instead and exits 0. A failed start prints one readable error and exits 1.
 */
export async function bootstrapConsumer(
  given: ConsumerBootstrapOptions | (() => ConsumerBootstrapOptions),
  argv: readonly string[] = process.argv,
): Promise<INestApplication | void> {
  const options = await exitOnFailure(async () => (typeof given === 'function' ? given() : given));
  if (argv.includes('--migrate')) {
    await exitOnFailure(() => migrate(options));
    process.exit(0);
  }
  await exitOnFailure(() => connect(options.name, options.dataSource));
  return bootstrap(shellOptionsOf(options));
}

/** What `bootstrap` needs for a consumer app; the data source must be initialised. For tests: `startApp(shellOptionsOf(…))`. */
export function shellOptionsOf(options: ConsumerBootstrapOptions): BootstrapOptions {
  const { name, version, module, config, dataSource } = options;
  return {
    name,
    version,
    module: { module: ConsumerRoot, imports: [DataSourceModule.of(dataSource), module] },
    http: { port: config.httpPort, host: config.host },
    rpc: { port: config.rpcPort, host: config.host },
    logLevel: config.logLevel,
    logFormat: config.logFormat,
    configure: (app) => app.get(HealthChecks).register(new DataSourceHealth(dataSource)),
  };
}

@Module({})
class ConsumerRoot {}

@Global()
@Module({})
class DataSourceModule implements OnApplicationShutdown {
  constructor(private readonly dataSource: DataSource) {}

  static of(dataSource: DataSource): DynamicModule {
    return {
      module: DataSourceModule,
      providers: [{ provide: DataSource, useValue: dataSource }],
      exports: [DataSource],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

async function migrate({ name, dataSource }: ConsumerBootstrapOptions): Promise<void> {
  await initialize(name, dataSource);
  const done = await dataSource.runMigrations();
  await dataSource.destroy();
  process.stdout.write(`${name}: ${done.length} migrations run\n`);
}

async function connect(name: string, dataSource: DataSource): Promise<void> {
  await initialize(name, dataSource);
  if (await dataSource.showMigrations()) {
    throw new StartupError(`${name} has migrations to run; run it once with --migrate`);
  }
}

async function initialize(name: string, dataSource: DataSource): Promise<void> {
  const untilMs = performance.now() + CONNECT_LIMIT_MS;
  while (!dataSource.isInitialized) {
    try {
      await dataSource.initialize();
    } catch (error) {
      if (!isAway(error) || performance.now() >= untilMs) {
        throw new StartupError(
          `${name} cannot use PostgreSQL (${reasonOf(error)}); start it, or set DATABASE_URL`,
          error,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
    }
  }
}

/** Not reachable, starting, stopping or full: it may come back by itself. */
function isAway(error: unknown): boolean {
  const { code } = error as { code?: string };
  return ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', '57P03', '57P01', '53300'].includes(
    code ?? '',
  );
}

function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: string; name?: string };
  return code ?? name ?? 'unknown';
}
