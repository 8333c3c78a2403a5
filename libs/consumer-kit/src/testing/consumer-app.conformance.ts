import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BusRpcClient, rpcPortOf, startApp } from '@bus/app-shell';
import { RPC, type OperationReply, type OperationRequest, type ServiceDescription } from '@bus/contracts';
import type { INestApplication } from '@nestjs/common';
import { parse } from 'yaml';
import { shellOptionsOf, type ConsumerBootstrapOptions } from '../bootstrap-consumer';

/** Settings for an app in a spec: free ports, no log. */
export const ON_FREE_PORTS = { HTTP_PORT: '0', RPC_PORT: '0', LOG_LEVEL: 'silent' };

/** One consumer app as it is started, on a database of its own. */
export interface ConsumerAppUnderTest {
  options: ConsumerBootstrapOptions;
  /** A good request for a new execution each time, with what is given over it. */
  request(over?: Partial<OperationRequest>): OperationRequest;
  /** How many effects this execution has. */
  effects(executionId: string): Promise<number>;
  close(): Promise<void>;
}

export interface ConsumerAppConformance {
  title: string;
  /** The app's folder: its operations.yaml is compared with what the app tells of itself. */
  folder: string;
  setup(): Promise<ConsumerAppUnderTest>;
}

/** What every consumer app owes the bus once it is put together, called over its own TCP port. */
export function consumerAppConformance({ title, folder, setup }: ConsumerAppConformance): void {
  describe(title, () => {
    let subject: ConsumerAppUnderTest;
    let app: INestApplication;
    let client: BusRpcClient;

    beforeAll(async () => {
      subject = await setup();
      app = await startApp(shellOptionsOf(subject.options));
      client = new BusRpcClient({ host: '127.0.0.1', port: rpcPortOf(app) });
    });
    afterAll(async () => {
      client.close();
      await app.close();
      await subject.close();
    });

    const execute = (request: OperationRequest) =>
      client.call<OperationReply>(RPC.execute, request, { timeoutMs: 5_000 });
    const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');

    it('runs its operation when it is called over TCP', async () => {
      const request = subject.request();
      const { executionId, operation, attempt } = request;
      expect(await execute(request)).toMatchObject({
        outcome: 'reply',
        reply: { executionId, operation, attempt, status: 'completed' },
      });
      expect(await subject.effects(executionId)).toBe(1);
    });

    it('asks for a later attempt of an operation that it does not know yet', async () => {
      const later = subject.request({ operation: `${subject.options.name}.later` });
      expect(await execute(later)).toMatchObject({
        reply: { status: 'retry', code: 'unknown_operation', retryAfterMs: 60_000 },
      });
    });

    it('describes what operations.yaml configures, event types included', async () => {
      const answer = await client.call<ServiceDescription>(RPC.describe, {}, { timeoutMs: 5_000 });
      if (answer.outcome !== 'reply') throw new Error(answer.outcome);
      const { version } = JSON.parse(read('../../package.json')) as { version: string };
      expect(answer.reply).toMatchObject({ service: subject.options.name, version, contract: 1 });
      const configured = parse(read('operations.yaml')) as Record<string, { eventType: string }>;
      const described = answer.reply.operations.map(({ operation, eventTypes }) => [operation, eventTypes]);
      expect(Object.fromEntries(described)).toEqual(
        Object.fromEntries(Object.entries(configured).map(([name, { eventType }]) => [name, [eventType]])),
      );
    });
  });
}
