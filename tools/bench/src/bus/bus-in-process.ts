import { setTimeout as pause } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { DrainState, startApp } from '@bus/app-shell';
import { ensureLog } from '@bus/broker';
import { OPERATION_DEFAULTS, type OperationSettings, type PublishRequest } from '@bus/contracts';
import {
  createStorePool,
  ExecutionLedger,
  migrateStore,
  PostgresOperationGraphs,
  type StorePool,
} from '@bus/store';
import {
  bootOptions,
  BusConsumerModule,
  OperationCaller,
  readConfig as readConsumerConfig,
} from '../../../../apps/bus-consumer/src/embedding';
import {
  BrokerEventPublisher,
  readConfig as readProducerConfig,
  startOptions,
} from '../../../../apps/bus-producer/src/embedding';
import { NoOpCaller } from './no-op-caller';

export interface BusOptions {
  /** Where calls go: `null`: no-op handlers in this process. */
  endpoint: string | null;
  env: Record<string, string>;
}

/** bus-producer and bus-consumer, whole, in one process: validation, logs, metrics and health are on. */
export class BusInProcess {
  private constructor(
    readonly publisher: BrokerEventPublisher,
    readonly ledger: ExecutionLedger,
    readonly pool: StorePool,
    private readonly apps: readonly INestApplication[],
    private readonly endpoint: string | null,
  ) {}

  /** Makes tables and log in the database of `env`, and starts both apps. */
  static async start({ endpoint, env }: BusOptions): Promise<BusInProcess> {
    const consumer = readConsumerConfig(env);
    const producer = readProducerConfig(env);
    await migrateStore(consumer.databaseUrl);
    await ensureLog({ ...consumer.broker, clientId: 'bench' });
    const { module, providers = [], ...others } = BusConsumerModule.forRoot(consumer);
    const caller = { provide: OperationCaller, useClass: NoOpCaller };
    const isCaller = (provider: unknown) => (provider as { provide?: unknown }).provide === OperationCaller;
    const kept = providers.map((provider) => (isCaller(provider) && endpoint === null ? caller : provider));
    const consumerApp = await startApp({
      ...bootOptions(consumer),
      module: { ...others, module, providers: kept },
    });
    const producerApp = await startApp({ ...startOptions(producer), rpc: undefined });
    const pool = createStorePool({
      connectionString: consumer.databaseUrl,
      applicationName: 'bench',
      poolSize: 1,
    });
    return new BusInProcess(
      producerApp.get(BrokerEventPublisher),
      consumerApp.get(ExecutionLedger),
      pool,
      [producerApp, consumerApp],
      endpoint,
    );
  }

  /** Nothing where the type has a graph already: a database that several processes use one after another. */
  async activate(
    eventType: string,
    operations: readonly (Partial<OperationSettings> & { name: string })[],
  ): Promise<void> {
    const outcome = await new PostgresOperationGraphs(this.pool).activate({
      eventType,
      expectedVersion: null,
      operations: operations.map((given) => ({
        ...OPERATION_DEFAULTS,
        eventType,
        endpoint: this.endpoint ?? 'tcp://127.0.0.1:9',
        ...given,
      })),
      actor: 'bench',
      reason: null,
    });
    if (outcome.outcome === 'stale' && outcome.activeVersion === null)
      throw new Error(`the graph of ${eventType} was not activated`);
  }

  /** Names of all operations by id. */
  async operationNames(): Promise<Map<number, string>> {
    const { rows } = await this.pool.query<{ operation_id: number; name: string }>(
      'select operation_id, name from bus.operation',
    );
    return new Map(rows.map(({ operation_id, name }) => [operation_id, name]));
  }

  /** Resolves once every record of the log has been taken by the inbox. */
  async allRead(): Promise<void> {
    const unread = `select coalesce(sum(b.next_offset - coalesce(c.next_offset, 0)), 0)::int as count
                      from bus_broker.partition b left join bus.consumer_offset c using (partition)`;
    for (;;) {
      const { rows } = await this.pool.query<{ count: number }>(unread);
      if (rows[0]?.count === 0) return;
      await pause(2);
    }
  }

  /** @returns event ids, in the order given */
  async publishBatch(events: readonly PublishRequest[]): Promise<string[]> {
    const { results } = await this.publisher.publishBatch({ events });
    return results.map((result) => {
      if (result.status === 'refused') throw new Error(`refused: ${result.error.message}`);
      return result.eventId;
    });
  }

  async stop(): Promise<void> {
    for (const app of this.apps) {
      await app.get(DrainState).drain();
      await app.close();
    }
    await this.pool.end();
  }
}
