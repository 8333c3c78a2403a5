import {
  brokerOptionsOf,
  brokerSettings,
  commonSettings,
  databaseSettings,
  deadLetterBrokerOf,
  deadLetterSettings,
  integerSetting,
  ports,
  readSettings,
} from '@bus/app-shell';
import { z } from 'zod';

export const settingsSchema = z.object({
  ...commonSettings.shape,
  ...databaseSettings.shape,
  ...brokerSettings.shape,
  ...deadLetterSettings.shape,
  ...ports({ http: 4020 }),
  BUS_LOG_KEEP_HOURS: integerSetting({ min: 1, max: 8760 })
    .default(24)
    .describe('Hours that the Postgres broker keeps records after they are stored as events'),
  RETENTION_DAYS: integerSetting({ min: 1, max: 3650 })
    .default(30)
    .describe('Days that events and their attempts are kept; what an open execution needs is kept longer'),
});

export type BusConsumerConfig = ReturnType<typeof readConfig>;

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
    /** Of the Postgres broker; `null` with Kafka, which has a retention of its own. */
    logKeepMs: settings.BUS_BROKER === 'postgres' ? settings.BUS_LOG_KEEP_HOURS * 3_600_000 : null,
    retentionDays: settings.RETENTION_DAYS,
    /** How to reach the topic of mirrored dead letters; `null`: they are not mirrored. */
    deadLetterMirror: deadLetterBrokerOf(settings),
  };
}
