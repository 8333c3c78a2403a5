import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BusRpcClient, rpcPortOf, startApp } from '@bus/app-shell';
import { shellOptionsOf } from '@bus/consumer-kit';
import { RPC, type OperationReply, type ServiceDescription } from '@bus/contracts';
import type { INestApplication } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { parse } from 'yaml';
import { readConfig } from './points.config';
import { PointsModule } from './points.module';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

const read = (...path: string[]) => readFileSync(join(__dirname, ...path), 'utf8');

describe(PointsModule.name, () => {
  let dataSource: DataSource;
  let stop: () => Promise<void>;
  let app: INestApplication;
  let client: BusRpcClient;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
    const config = readConfig({ HTTP_PORT: '0', RPC_PORT: '0', LOG_LEVEL: 'silent' });
    app = await startApp(
      shellOptionsOf({ name: 'points', module: PointsModule, config: config.app, dataSource }),
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
    expect(await dataSource.getRepository('ledger_entry').countBy({ executionId })).toBe(1);
  });

  it('asks for a later attempt of an operation that it does not know yet', async () => {
    const request = orderPaidRequest({ operation: 'points.later' });
    expect(await client.call<OperationReply>(RPC.execute, request, { timeoutMs: 5_000 })).toMatchObject({
      reply: { status: 'retry', code: 'unknown_operation', retryAfterMs: 60_000 },
    });
  });

  it('describes what operations.yaml configures, event types included', async () => {
    const answer = await client.call<ServiceDescription>(RPC.describe, {}, { timeoutMs: 5_000 });
    if (answer.outcome !== 'reply') throw new Error(answer.outcome);
    const { version } = JSON.parse(read('../../../package.json')) as { version: string };
    expect(answer.reply).toMatchObject({ service: 'points', version, contract: 1 });
    const configured = parse(read('../operations.yaml')) as Record<string, { eventType: string }>;
    const described = answer.reply.operations.map(({ operation, eventTypes }) => [operation, eventTypes]);
    expect(Object.fromEntries(described)).toEqual(
      Object.fromEntries(Object.entries(configured).map(([name, { eventType }]) => [name, [eventType]])),
    );
  });
});
