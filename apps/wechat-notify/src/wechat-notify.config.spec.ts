import { SettingsError } from '@bus/app-shell';
import { readConfig } from './wechat-notify.config';

const real = {
  WECHAT_PROVIDER: 'wechat',
  WECHAT_APP_ID: 'wx-app',
  WECHAT_APP_SECRET: 'wx-secret',
  WECHAT_TEMPLATE_ID: 'template-1',
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
    expect(readConfig({}).wechat).toBeNull();
  });

  it('reads what the real provider needs', () => {
    expect(readConfig(real).wechat).toEqual({
      api: {
        baseUrl: 'https://api.weixin.qq.com',
        appId: 'wx-app',
        appSecret: 'wx-secret',
        timeoutMs: 3_000,
      },
      template: {
        templateId: 'template-1',
        fields: { order: 'character_string1', amount: 'amount2', coupon: 'thing3' },
      },
    });
  });

  it('names every missing key of the real provider at once, beside all other faults', () => {
    expect(
      faultsOf({ WECHAT_PROVIDER: 'wechat', WECHAT_TEMPLATE_FIELDS: 'order', RPC_PORT: 'seven' }),
    ).toEqual([
      'RPC_PORT',
      'WECHAT_APP_ID',
      'WECHAT_APP_SECRET',
      'WECHAT_TEMPLATE_FIELDS',
      'WECHAT_TEMPLATE_ID',
    ]);
  });

  it('shows no secret in a fault', () => {
    const env = { ...real, WECHAT_APP_SECRET: 'hush', WECHAT_APP_SECRET_FILE: '/etc/secret' };
    expect(() => readConfig(env)).toThrow('not both');
    expect(() => readConfig(env)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hush') }),
    );
  });
});
