import { brokerOptionsOf, brokerSettings, databaseSettings, readSettings } from '@bus/app-shell';
import type { BrokerOptions } from '@bus/broker';
import { z } from 'zod';

/** For commands that look at Postgres and the broker themselves; the same settings as the apps have. */
export const settingsSchema = z.object({ ...databaseSettings.shape, ...brokerSettings.shape });

export interface BusCliConfig {
  databaseUrl: string;
  /** What each app is given, not what this process opens. */
  databasePool: number;
  broker: BrokerOptions;
}

/** @throws SettingsError that names all faults */
export function readConfig(env: NodeJS.ProcessEnv = process.env): BusCliConfig {
  const settings = readSettings(settingsSchema, env);
  return {
    databaseUrl: settings.DATABASE_URL,
    databasePool: settings.DATABASE_POOL,
    broker: { ...brokerOptionsOf(settings), clientId: 'bus-cli' },
  };
}
