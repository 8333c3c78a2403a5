import { commonSettings, databaseSettings, ports, readSettings } from '@bus/app-shell';
import { z } from 'zod';

/** All settings of this app. */
export const settingsSchema = z.object({
  ...commonSettings.shape,
  ...databaseSettings.shape,
  ...ports({ http: 4112, rpc: 4111 }),
  COUPON_TEMPLATE: z
    .string()
    .default('thank-you')
    .describe('Template of the coupons for paid orders: template_id in coupons.coupon_template'),
});

export type CouponsConfig = ReturnType<typeof readConfig>;

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
    templateId: settings.COUPON_TEMPLATE,
  };
}
