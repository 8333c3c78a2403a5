import { SettingsError } from '@bus/app-shell';
import { readConfig } from './sms.config';

const real = {
  SMS_PROVIDER: 'aliyun',
  ALIYUN_ACCESS_KEY_ID: 'key-id',
  ALIYUN_ACCESS_KEY_SECRET: 'key-secret',
  ALIYUN_SMS_SIGN_NAME: 'shop',
  ALIYUN_SMS_TEMPLATE_ORDER_PAID: 'SMS_1',
  ALIYUN_SMS_TEMPLATE_PAYMENT_REMINDER: 'SMS_2',
};

function faultsOf(env: NodeJS.ProcessEnv): unknown {
  try {
    return readConfig(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults.map(({ setting }) => setting).sort();
    throw error;
  }
}

describe(readConfig.name, () => {
  it('takes the sandbox where nothing is set', () => {
    expect(readConfig({}).aliyun).toBeNull();
  });

  it('reads what the real provider needs', () => {
    expect(readConfig(real).aliyun).toEqual({
      access: {
        accessKeyId: 'key-id',
        accessKeySecret: 'key-secret',
        endpoint: 'dysmsapi.aliyuncs.com',
        protocol: 'HTTPS',
        timeoutMs: 3_000,
      },
      templates: {
        signName: 'shop',
        templateCodes: { order_paid: 'SMS_1', payment_reminder: 'SMS_2' },
      },
    });
  });

  it('names every missing key of the real provider at once, beside all other faults', () => {
    expect(faultsOf({ SMS_PROVIDER: 'aliyun', RPC_PORT: 'seven' })).toEqual([
      'ALIYUN_ACCESS_KEY_ID',
      'ALIYUN_ACCESS_KEY_SECRET',
      'ALIYUN_SMS_SIGN_NAME',
      'ALIYUN_SMS_TEMPLATE_ORDER_PAID',
      'ALIYUN_SMS_TEMPLATE_PAYMENT_REMINDER',
      'RPC_PORT',
    ]);
  });

  it('shows no secret in a fault', () => {
    const env = { ...real, ALIYUN_ACCESS_KEY_SECRET: 'hush', ALIYUN_ACCESS_KEY_SECRET_FILE: '/etc/secret' };
    expect(() => readConfig(env)).toThrow('not both');
    expect(() => readConfig(env)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hush') }),
    );
  });
});
