import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BusRpcClient, rpcPortOf, startApp } from '@bus/app-shell';
import { shellOptionsOf } from '@bus/consumer-kit';
import { RPC, type OperationReply, type ServiceDescription } from '@bus/contracts';
import type { INestApplication } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { parse } from 'yaml';
import { readConfig } from './wechat-notify.config';
import { WechatNotifyModule } from './wechat-notify.module';
import { WechatServer } from './providers/testing/wechat-server';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

const ON_FREE_PORTS = { HTTP_PORT: '0', RPC_PORT: '0', LOG_LEVEL: 'silent' };
const read = (...path: string[]) => readFileSync(join(__dirname, ...path), 'utf8');

describe(WechatNotifyModule.name, () => {
  let dataSource: DataSource;
  let stop: () => Promise<void>;
  let app: INestApplication;
  let client: BusRpcClient;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
    const config = readConfig(ON_FREE_PORTS);
    app = await startApp(
      shellOptionsOf({
        name: 'wechat-notify',
        module: WechatNotifyModule.of(config),
        config: config.app,
        dataSource,
      }),
    );
    client = new BusRpcClient({ host: '127.0.0.1', port: rpcPortOf(app) });
  });
  afterAll(async () => {
    client.close();
    await app.close();
    await stop();
  });

  it('runs its operation when it is called over TCP', async () => {
    const request = orderPaidRequest();
    const { executionId, operation, attempt } = request;
    expect(await client.call<OperationReply>(RPC.execute, request, { timeoutMs: 5_000 })).toMatchObject({
      outcome: 'reply',
      reply: { executionId, operation, attempt, status: 'completed' },
    });
    expect(await dataSource.getRepository('sent_message').countBy({ executionId })).toBe(1);
  });

  it('asks for a later attempt of an operation that it does not know yet', async () => {
    const request = orderPaidRequest({ operation: 'wechat.later' });
    expect(await client.call<OperationReply>(RPC.execute, request, { timeoutMs: 5_000 })).toMatchObject({
      reply: { status: 'retry', code: 'unknown_operation', retryAfterMs: 60_000 },
    });
  });

  it('describes what operations.yaml configures, event types included', async () => {
    const answer = await client.call<ServiceDescription>(RPC.describe, {}, { timeoutMs: 5_000 });
    if (answer.outcome !== 'reply') throw new Error(answer.outcome);
    const { version } = JSON.parse(read('../../../package.json')) as { version: string };
    expect(answer.reply).toMatchObject({ service: 'wechat-notify', version, contract: 1 });
    const configured = parse(read('../operations.yaml')) as Record<string, { eventType: string }>;
    const described = answer.reply.operations.map(({ operation, eventTypes }) => [operation, eventTypes]);
    expect(Object.fromEntries(described)).toEqual(
      Object.fromEntries(Object.entries(configured).map(([name, { eventType }]) => [name, [eventType]])),
    );
  });

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
