import type { Server } from 'node:http';
import { Module, type DynamicModule, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import { Logger } from 'nestjs-pino';
import type { LogFormat, LogLevel } from './app-settings';
import { ErrorFilter } from './failures/error.filter';
import { DrainState } from './health/drain-state';
import { HealthChecks } from './health/health-checks';
import { ExpressFront } from './http/express-front';
import { HttpDoor, refuseOtherBodies, traceRequests } from './http/http-door';
import { httpDurations } from './metrics/http-durations';
import { MetricsRegistry } from './metrics/metrics-registry';
import { BusRpcServer, type BusRpcServerOptions } from './rpc/bus-rpc-server';
import { RpcMetrics } from './rpc/rpc-metrics';
import { ShellModule } from './shell.module';
import { exitOnFailure, StartupError } from './startup-failure';
import { stopOnSignals } from './stop-on-signals';

export interface BootstrapOptions {
  /** The app's name in logs. */
  name: string;
  version?: string;
  module: Type | DynamicModule;
  http: {
    port: number;
    host: string;
    /** Largest body in bytes, after inflating. Default 1 MB. */
    bodyLimitBytes?: number;
    /** Until a request must be whole, in ms. Default 8,000. */
    requestMs?: number;
  };
  rpc?: Omit<BusRpcServerOptions, 'metrics'>;
  logLevel: LogLevel;
  logFormat?: LogFormat;
  /** Runs before the app listens: OpenAPI, static files. */
  configure?(app: NestExpressApplication): void | Promise<void>;
}

/**
 * Starts one app as this process: `void bootstrap(() => ({ …, ...readConfig(process.env) }))`. Logs, health, metrics,
 * error answers, limits, and the stop on SIGTERM or SIGINT: not ready, drain (≤ 25 s), close, exit 0.
 * A failed start prints one readable error and exits 1. Given as a function, wrong settings are told so too.
 */
export async function bootstrap(
  given: BootstrapOptions | (() => BootstrapOptions),
): Promise<INestApplication> {
  return exitOnFailure(async () => {
    const options = typeof given === 'function' ? given() : given;
    const app = await startApp(options);
    stopOnSignals(app);
    return app;
  });
}

/** As `bootstrap`, but throws where it fails and leaves the process's signals alone: for tests, and several apps in one process. */
export async function startApp(options: BootstrapOptions): Promise<NestExpressApplication> {
  const app = await createApp(options);
  try {
    const rpc = options.rpc && connectRpc(app, options.rpc);
    await options.configure?.(app);
    await app.init();
    if (rpc) await named(app.startAllMicroservices(), options.rpc, 'RPC_PORT');
    await named(app.listen(options.http.port, options.http.host), options.http, 'HTTP_PORT');
    app.get(HealthChecks).markStarted();
    const ports = { http: portOf(app.getHttpServer() as Server), rpc: rpc?.listeningPort };
    app.get(Logger).log({ version: options.version, ports }, `${options.name} is ready`, 'Bootstrap');
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** The port that an app's RPC server listens on; for tests that start on port 0. */
export function rpcPortOf(app: INestApplication): number {
  const server = rpcServers.get(app);
  if (!server) throw new Error('this app serves no RPC; give bootstrap the option rpc');
  return server.listeningPort;
}

const rpcServers = new WeakMap<INestApplication, BusRpcServer>();

@Module({})
class AppRoot {}

async function createApp(options: BootstrapOptions): Promise<NestExpressApplication> {
  const { name, logLevel, logFormat } = options;
  const shell = ShellModule.forRoot({ name, logLevel, logFormat, processMetrics: true });
  const requestMs = options.http.requestMs;
  const app = await NestFactory.create<NestExpressApplication>(
    { module: AppRoot, imports: [shell, options.module] },
    new ExpressFront(requestMs === undefined ? {} : { requestTimeout: requestMs, headersTimeout: requestMs }),
    { bodyParser: false, rawBody: true, bufferLogs: true, abortOnError: false, forceCloseConnections: true },
  );
  app.useLogger(app.get(Logger));
  app.flushLogs();
  const door = new HttpDoor(app.get(DrainState));
  app.get(DrainState).onDrainDoor('http', () => door.idle());
  app.use(helmet());
  app.use(httpDurations(app.get(MetricsRegistry)));
  app.use(traceRequests);
  app.use(door.middleware);
  app.use(refuseOtherBodies);
  app.useBodyParser('json', {
    limit: options.http.bodyLimitBytes ?? 1024 * 1024,
    type: () => true, // refuseOtherBodies has looked
    strict: false, // the data of a CloudEvent may be any JSON value
  });
  app.useGlobalFilters(new ErrorFilter());
  return app;
}

function connectRpc(
  app: NestExpressApplication,
  options: Omit<BusRpcServerOptions, 'metrics'>,
): BusRpcServer {
  const server = new BusRpcServer({ ...options, metrics: app.get(RpcMetrics) });
  app.get(DrainState).onDrainDoor('rpc', () => server.drain());
  app.connectMicroservice({ strategy: server }, { inheritAppConfig: true });
  rpcServers.set(app, server);
  return server;
}

async function named<T>(
  listening: Promise<T>,
  address: { port: number; host: string } | undefined,
  setting: string,
): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const at = `port ${address?.port} of ${address?.host}`;
    if (code === 'EADDRINUSE') {
      throw new StartupError(
        `${at} is in use; stop what listens there, or set ${setting} to a free one`,
        error,
      );
    }
    if (code === 'EACCES')
      throw new StartupError(`${at} is not allowed to this user; set ${setting} above 1023`, error);
    if (code === 'EADDRNOTAVAIL') throw new StartupError(`${at} is not this machine's; set BIND_HOST`, error);
    throw error;
  }
}

function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : undefined;
}
