import { commonSettings, databaseSettings, ports, readSettings } from '@bus/app-shell';
import { z } from 'zod';

const settingsSchema = z.object({
  ...commonSettings.shape,
  ...databaseSettings.shape,
  ...ports({ http: 0, rpc: 0 }),
});

/** @throws SettingsError that names all faults */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const settings = readSettings(settingsSchema, env);
  return {
    app: {
      httpPort: settings.HTTP_PORT,
      rpcPort: settings.RPC_PORT,
      host: settings.BIND_HOST,
      logLevel: settings.LOG_LEVEL,
      logFormat: settings.LOG_FORMAT,
    },
    database: { url: settings.DATABASE_URL, poolSize: settings.DATABASE_POOL },
  };
}
