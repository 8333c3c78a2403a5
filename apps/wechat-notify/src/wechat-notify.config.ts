import { commonSettings, databaseSettings, integerSetting, ports, readSettings } from '@bus/app-shell';
import { z } from 'zod';
import type { TemplateFields } from './providers/template-data';

const FIELD = '(order|amount|coupon)=[a-z_]+[0-9]*';

const shape = z.object({
  ...commonSettings.shape,
  ...databaseSettings.shape,
  ...ports({ http: 4122, rpc: 4121 }),
  WECHAT_PROVIDER: z
    .enum(['sandbox', 'wechat'], 'write sandbox or wechat')
    .default('sandbox')
    .describe('sandbox keeps messages in wechat_notify.sent_message, wechat sends them'),
  WECHAT_APP_ID: z.string().optional().describe('App id of the WeChat service account'),
  WECHAT_APP_SECRET: z
    .string()
    .optional()
    .describe('App secret of the WeChat service account')
    .meta({ secret: true }),
  WECHAT_TEMPLATE_ID: z.string().optional().describe('Id of the WeChat template for paid orders'),
  WECHAT_TEMPLATE_FIELDS: z
    .string()
    .regex(
      new RegExp(`^${FIELD}(,${FIELD})*$`),
      'write name=field pairs: order=character_string1,coupon=thing3',
    )
    .default('order=character_string1,amount=amount2,coupon=thing3')
    .describe("Which of the template's fields take order, amount and coupon"),
  WECHAT_BASE_URL: z
    .url({ protocol: /^https?$/, error: 'write an http or https URL' })
    .default('https://api.weixin.qq.com')
    .describe("URL of WeChat's API"),
  WECHAT_TIMEOUT_MS: integerSetting({ min: 100, max: 25_000 })
    .default(3_000)
    .describe("Milliseconds that one call to WeChat may take; below the operation's timeoutMs"),
});

/** What the real provider cannot do without. */
const NEEDED_BY_WECHAT = ['WECHAT_APP_ID', 'WECHAT_APP_SECRET', 'WECHAT_TEMPLATE_ID'] as const;

/** All settings of this app. */
export const settingsSchema = shape.superRefine(
  (settings, context) => {
    if (settings.WECHAT_PROVIDER !== 'wechat') return;
    for (const name of NEEDED_BY_WECHAT.filter((name) => !settings[name])) {
      context.addIssue({ code: 'custom', path: [name], message: 'needed by WECHAT_PROVIDER=wechat' });
    }
  },
  // Beside other faults too: all are named at once.
  { when: () => true },
);

export type WechatNotifyConfig = ReturnType<typeof readConfig>;

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
    /** `null`: the sandbox. */
    wechat: settings.WECHAT_PROVIDER === 'wechat' ? wechatConfig(settings) : null,
  };
}

/** The schema has seen that nothing is missing. */
function wechatConfig(settings: z.infer<typeof settingsSchema>) {
  return {
    api: {
      baseUrl: settings.WECHAT_BASE_URL,
      appId: settings.WECHAT_APP_ID ?? '',
      appSecret: settings.WECHAT_APP_SECRET ?? '',
      timeoutMs: settings.WECHAT_TIMEOUT_MS,
    },
    template: {
      templateId: settings.WECHAT_TEMPLATE_ID ?? '',
      fields: Object.fromEntries(
        settings.WECHAT_TEMPLATE_FIELDS.split(',').map((pair) => pair.split('=')),
      ) as TemplateFields,
    },
  };
}
