import { join } from 'node:path';
import { BusRpcClient, rpcPortOf, startApp } from '@bus/app-shell';
import { shellOptionsOf } from '@bus/consumer-kit';
import { consumerAppConformance, ON_FREE_PORTS } from '@bus/consumer-kit/testing';
import { RPC, type OperationReply } from '@bus/contracts';
import { readConfig } from './sms.config';
import { SmsModule } from './sms.module';
import { AliyunServer } from './providers/testing/aliyun-server';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

consumerAppConformance({
  title: SmsModule.name,
  folder: join(__dirname, '..'),
  async setup() {
    const { dataSource, stop } = await startTestDataSource();
    const config = readConfig(ON_FREE_PORTS);
    return {
      options: { name: 'sms', module: SmsModule.of(config), config: config.app, dataSource },
      request: orderPaidRequest,
      effects: (executionId) => dataSource.getRepository('sent_message').countBy({ executionId }),
      close: stop,
    };
  },
});

describe(SmsModule.name, () => {
  it('sends through the real provider where the settings choose it', async () => {
    const server = new AliyunServer();
    const own = await startTestDataSource();
    await own.dataSource.getRepository('recipient').insert({ userId: 'user-7', phone: '+8613900000007' });
    const config = readConfig({
      SMS_PROVIDER: 'aliyun',
      ALIYUN_ACCESS_KEY_ID: 'key-id',
      ALIYUN_ACCESS_KEY_SECRET: 'key-secret',
      ALIYUN_SMS_SIGN_NAME: 'shop',
      ALIYUN_SMS_TEMPLATE_ORDER_PAID: 'SMS_1',
      ALIYUN_SMS_TEMPLATE_PAYMENT_REMINDER: 'SMS_2',
      ALIYUN_SMS_ENDPOINT: await server.start(),
      ALIYUN_SMS_PROTOCOL: 'HTTP',
      ...ON_FREE_PORTS,
    });
    const { app: shell } = config;
    const real = await startApp(
      shellOptionsOf({
        name: 'sms',
        module: SmsModule.of(config),
        config: shell,
        dataSource: own.dataSource,
      }),
    );
    const caller = new BusRpcClient({ host: '127.0.0.1', port: rpcPortOf(real) });
    expect(
      await caller.call<OperationReply>(RPC.execute, orderPaidRequest(), { timeoutMs: 5_000 }),
    ).toMatchObject({ reply: { status: 'completed', output: { providerMessageId: AliyunServer.bizId } } });
    caller.close();
    await real.close();
    await own.stop();
    await server.stop();
  });
});
