import { z } from 'zod';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** `true` or `false`. */
export function booleanSetting(byDefault: boolean) {
  return z
    .stringbool({ truthy: ['true'], falsy: ['false'], error: 'write true or false' })
    .default(byDefault);
}

/** A whole number within [min, max]. */
export function integerSetting(range: { min: number; max: number }) {
  const expected = `write a whole number from ${range.min} to ${range.max}`;
  return z
    .string()
    .regex(/^-?\d+$/, expected)
    .transform(Number)
    .pipe(z.number().min(range.min, expected).max(range.max, expected));
}

/** Port settings of one app: `HTTP_PORT`, and `RPC_PORT` where it serves RPC. 0 takes a free port. */
export function ports<P extends { http: number; rpc?: number }>(defaults: P) {
  const port = (byDefault: number, use: string) =>
    integerSetting({ min: 0, max: 65535 }).default(byDefault).describe(`TCP port of ${use}`);
  const http = { HTTP_PORT: port(defaults.http, 'HTTP: health, metrics and the API') };
  const rpc = { RPC_PORT: port(defaults.rpc ?? 0, 'RPC (Nest TCP)') };
  return (defaults.rpc === undefined ? http : { ...http, ...rpc }) as PortSettings<P>;
}

type Port = z.ZodDefault<ReturnType<typeof integerSetting>>;
type PortSettings<P> = P extends { rpc: number } ? { HTTP_PORT: Port; RPC_PORT: Port } : { HTTP_PORT: Port };

/** Settings of every app. */
export const commonSettings = z.object({
  LOG_LEVEL: z
    .enum(LOG_LEVELS, `write one of ${LOG_LEVELS.join(', ')}`)
    .default('info')
    .describe('Least severe log line that is written'),
  LOG_FORMAT: z
    .enum(LOG_FORMATS, 'write json or pretty')
    .default('json')
    .describe('json for machines, pretty for people'),
  BIND_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address that the ports listen on; off loopback needs INSECURE_RPC=true'),
  INSECURE_RPC: booleanSetting(false).describe('true: ports may listen off loopback without TLS'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .optional()
    .describe('URL of an OpenTelemetry collector; unset: trace ids are carried and logged, not exported'),
});

/** Settings of every app with a database. */
export const databaseSettings = z.object({
  EMBEDDED_POSTGRES_PORT: integerSetting({ min: 1, max: 65535 })
    .default(54329)
    .describe('TCP port of the embedded PostgreSQL, used while DATABASE_URL is unset'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/\S+$/, 'write postgres://user:password@host:port/database')
    .describe('PostgreSQL; unset: the embedded one')
    .meta({
      secret: true,
      defaultFrom: (env: NodeJS.ProcessEnv) =>
        `postgres://bus@127.0.0.1:${env['EMBEDDED_POSTGRES_PORT'] || '54329'}/bus`,
    }),
  DATABASE_POOL: integerSetting({ min: 2, max: 100 })
    .default(6)
    .describe('Connections to PostgreSQL per process, at most'),
});
