import {
  brokerOptionsOf,
  brokerSettings,
  databaseSettings,
  deadLetterBrokerOf,
  deadLetterSettings,
  readSettings,
} from '@bus/app-shell';
import { z } from 'zod';

export const settingsSchema = z.object({
  ...databaseSettings.shape,
  ...brokerSettings.shape,
  ...deadLetterSettings.shape,
});

export type BusMigrateConfig = ReturnType<typeof readConfig>;

/** @throws SettingsError that names all faults */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const settings = readSettings(settingsSchema, env);
  return {
    databaseUrl: settings.DATABASE_URL,
    broker: brokerOptionsOf(settings),
    /** The topic of mirrored dead letters; `null`: none. */
    deadLetterMirror: deadLetterBrokerOf(settings),
  };
}
