import { commonSettings, databaseSettings, integerSetting, ports, readSettings } from '@bus/app-shell';
import { z } from 'zod';

const shape = z.object({
  ...commonSettings.shape,
  ...databaseSettings.shape,
  ...ports({ http: 4132, rpc: 4131 }),
  SMS_PROVIDER: z
    .enum(['sandbox', 'aliyun'], 'write sandbox or aliyun')
    .default('sandbox')
    .describe('sandbox keeps texts in sms.sent_message, aliyun sends them'),
  ALIYUN_ACCESS_KEY_ID: z.string().optional().describe('Access key id of the Alibaba Cloud RAM user'),
  ALIYUN_ACCESS_KEY_SECRET: z
    .string()
    .optional()
    .describe('Access key secret of the Alibaba Cloud RAM user')
    .meta({ secret: true }),
  ALIYUN_SMS_SIGN_NAME: z.string().optional().describe('Approved signature that stands before each text'),
  ALIYUN_SMS_TEMPLATE_ORDER_PAID: z
    .string()
    .optional()
    .describe('Code of the approved template for sms.send; its variables: order, amount'),
  ALIYUN_SMS_TEMPLATE_PAYMENT_REMINDER: z
    .string()
    .optional()
    .describe('Code of the approved template for sms.remind-payment; its variable: order'),
  ALIYUN_SMS_ENDPOINT: z
    .string()
    .regex(/^[A-Za-z0-9.-]+(:\d+)?$/, 'write host or host:port, without https://')
    .default('dysmsapi.aliyuncs.com')
    .describe("Host of Alibaba Cloud's SMS service"),
  ALIYUN_SMS_PROTOCOL: z
    .enum(['HTTPS', 'HTTP'], 'write HTTPS or HTTP')
    .default('HTTPS')
    .describe('HTTP for a local stand-in alone: keys and phone numbers would go in the clear'),
  SMS_TIMEOUT_MS: integerSetting({ min: 100, max: 25_000 })
    .default(3_000)
    .describe("Milliseconds that one call to the provider may take; below the operation's timeoutMs"),
});

/** What the real provider cannot do without. */
const NEEDED_BY_ALIYUN = [
  'ALIYUN_ACCESS_KEY_ID',
  'ALIYUN_ACCESS_KEY_SECRET',
  'ALIYUN_SMS_SIGN_NAME',
  'ALIYUN_SMS_TEMPLATE_ORDER_PAID',
  'ALIYUN_SMS_TEMPLATE_PAYMENT_REMINDER',
] as const;

/** All settings of this app. */
export const settingsSchema = shape.superRefine(
  (settings, context) => {
    if (settings.SMS_PROVIDER !== 'aliyun') return;
    for (const name of NEEDED_BY_ALIYUN.filter((name) => !settings[name])) {
      context.addIssue({ code: 'custom', path: [name], message: 'needed by SMS_PROVIDER=aliyun' });
    }
  },
  // Beside other faults too: all are named at once.
  { when: () => true },
);

export type SmsConfig = ReturnType<typeof readConfig>;

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
    aliyun: settings.SMS_PROVIDER === 'aliyun' ? aliyunConfig(settings) : null,
  };
}

/** The schema has seen that nothing is missing. */
function aliyunConfig(settings: z.infer<typeof settingsSchema>) {
  return {
    access: {
      accessKeyId: settings.ALIYUN_ACCESS_KEY_ID ?? '',
      accessKeySecret: settings.ALIYUN_ACCESS_KEY_SECRET ?? '',
      endpoint: settings.ALIYUN_SMS_ENDPOINT,
      protocol: settings.ALIYUN_SMS_PROTOCOL,
      timeoutMs: settings.SMS_TIMEOUT_MS,
    },
    templates: {
      signName: settings.ALIYUN_SMS_SIGN_NAME ?? '',
      templateCodes: {
        order_paid: settings.ALIYUN_SMS_TEMPLATE_ORDER_PAID ?? '',
        payment_reminder: settings.ALIYUN_SMS_TEMPLATE_PAYMENT_REMINDER ?? '',
      },
    },
  };
}
