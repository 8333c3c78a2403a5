import {
  brokerOptionsOf,
  brokerSettings,
  commonSettings,
  databaseSettings,
  ports,
  readSettings,
} from '@bus/app-shell';
import { z } from 'zod';

const HOST_LIST = /^(\*\.)?[A-Za-z0-9._:[\]-]+(,(\*\.)?[A-Za-z0-9._:[\]-]+)*$/;

export const settingsSchema = z.object({
  ...commonSettings.shape,
  ...databaseSettings.shape,
  ...brokerSettings.shape,
  ...ports({ http: 4010 }),
  OPERATION_HOSTS: z
    .string()
    .regex(HOST_LIST, 'write hosts separated by commas, *.suffix for all below a domain')
    .optional()
    .describe(
      'Hosts that endpoints of operations may name, separated by commas, *.suffix for all below a domain; unset: any',
    ),
});

export type BusConsoleConfig = ReturnType<typeof readConfig>;

/** @throws SettingsError that names all faults */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const settings = readSettings(settingsSchema, env);
  return {
    httpPort: settings.HTTP_PORT,
    host: settings.BIND_HOST,
    logLevel: settings.LOG_LEVEL,
    logFormat: settings.LOG_FORMAT,
    databaseUrl: settings.DATABASE_URL,
    databasePool: settings.DATABASE_POOL,
    broker: brokerOptionsOf(settings),
    /** Empty: any host. */
    operationHosts: settings.OPERATION_HOSTS?.split(',') ?? [],
  };
}
