import {
  brokerOptionsOf,
  brokerSettings,
  commonSettings,
  databaseSettings,
  ports,
  readSettings,
} from '@bus/app-shell';
import { z } from 'zod';

/** All settings of this app. */
export const settingsSchema = z.object({
  ...commonSettings.shape,
  ...databaseSettings.shape,
  ...brokerSettings.shape,
  ...ports({ http: 4000, rpc: 4001 }),
  BUS_UNKNOWN_TYPES: z
    .enum(['accept', 'refuse'], 'write accept or refuse')
    .default('accept')
    .describe('Events of a type without operations: accept stores them as unrouted, refuse answers 422'),
});

export type BusProducerConfig = ReturnType<typeof readConfig>;

/** @throws SettingsError that names all faults */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const settings = readSettings(settingsSchema, env);
  return {
    http: { port: settings.HTTP_PORT, host: settings.BIND_HOST },
    rpc: { port: settings.RPC_PORT, host: settings.BIND_HOST },
    logLevel: settings.LOG_LEVEL,
    logFormat: settings.LOG_FORMAT,
    broker: { ...brokerOptionsOf(settings), clientId: 'bus-producer' },
    store: { databaseUrl: settings.DATABASE_URL, poolSize: settings.DATABASE_POOL },
    publish: { refuseUnknownTypes: settings.BUS_UNKNOWN_TYPES === 'refuse' },
  };
}
