import { join } from 'node:path';
import { BusRpcClient, rpcPortOf, startApp } from '@bus/app-shell';
import { shellOptionsOf } from '@bus/consumer-kit';
import { consumerAppConformance, ON_FREE_PORTS } from '@bus/consumer-kit/testing';
import { RPC, type OperationReply } from '@bus/contracts';
import { readConfig } from './wechat-notify.config';
import { WechatNotifyModule } from './wechat-notify.module';
import { WechatServer } from './providers/testing/wechat-server';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

consumerAppConformance({
  title: WechatNotifyModule.name,
  folder: join(__dirname, '..'),
  async setup() {
    const { dataSource, stop } = await startTestDataSource();
    const config = readConfig(ON_FREE_PORTS);
    return {
      options: {
        name: 'wechat-notify',
        module: WechatNotifyModule.of(config),
        config: config.app,
        dataSource,
      },
      request: orderPaidRequest,
      effects: (executionId) => dataSource.getRepository('sent_message').countBy({ executionId }),
      close: stop,
    };
  },
});

describe(WechatNotifyModule.name, () => {
  it('sends through the real provider where the settings choose it', async () => {
    const server = new WechatServer();
    const own = await startTestDataSource();
    await own.dataSource.getRepository('recipient').insert({ userId: 'user-7', openId: 'open-7' });
    const config = readConfig({
      WECHAT_PROVIDER: 'wechat',
      WECHAT_APP_ID: 'wx-app',
      WECHAT_APP_SECRET: 'wx-secret',
      WECHAT_TEMPLATE_ID: 'template-1',
      WECHAT_BASE_URL: await server.start(),
      ...ON_FREE_PORTS,
    });
    const { app: shell } = config;
    const real = await startApp(
      shellOptionsOf({
        name: 'wechat-notify',
        module: WechatNotifyModule.of(config),
        config: shell,
        dataSource: own.dataSource,
      }),
    );
    const caller = new BusRpcClient({ host: '127.0.0.1', port: rpcPortOf(real) });
    expect(
      await caller.call<OperationReply>(RPC.execute, orderPaidRequest(), { timeoutMs: 5_000 }),
    ).toMatchObject({ reply: { status: 'completed', output: { providerMessageId: WechatServer.msgid } } });
    caller.close();
    await real.close();
    await own.stop();
    await server.stop();
  });
});
