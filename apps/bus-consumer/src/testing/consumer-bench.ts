import type { INestApplicationContext } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DrainState, ShellModule } from '@bus/app-shell';
import { createPublisher, ensureLog, type BrokerPublisher } from '@bus/broker';
import { OPERATION_DEFAULTS, type OperationSettings } from '@bus/contracts';
import { encodeRecord, newEventId, type IncomingEvent } from '@bus/domain';
import { createStorePool, PostgresOperationGraphs, type StorePool } from '@bus/store';
import { createStoreDatabase } from '@bus/store/testing';
import { randomBytes } from 'node:crypto';
import { BusConsumerModule } from '../bus-consumer.module';
import { OperationCaller } from '../dispatch/callers/operation-caller';
import type { FakeServices } from './fake-services';

/** One running replica. */
export interface Replica {
  app: INestApplicationContext;
  /** As SIGTERM. */
  stop(): Promise<void>;
}

/** Publishes to the Postgres broker of a database of its own, and runs bus-consumer on it, one replica or several. */
export class ConsumerBench {
  private readonly replicas: Replica[] = [];

  private constructor(
    readonly url: string,
    /** The test's own connections. */
    readonly pool: StorePool,
    readonly graphs: PostgresOperationGraphs,
    private readonly publisher: BrokerPublisher,
    private readonly drop: () => Promise<void>,
    private readonly partitions: number,
  ) {}

  static async open(options: { partitions?: number } = {}): Promise<ConsumerBench> {
    const partitions = options.partitions ?? 4;
    const database = await createStoreDatabase('consumer');
    const broker = { broker: 'postgres', databaseUrl: database.url, partitions } as const;
    await ensureLog(broker);
    const publisher = createPublisher(broker);
    await publisher.start();
    const pool = createStorePool({ connectionString: database.url, applicationName: 'spec', poolSize: 1 });
    const graphs = new PostgresOperationGraphs(pool);
    return new ConsumerBench(database.url, pool, graphs, publisher, () => database.drop(), partitions);
  }

  /** Activates the graph of an event type; what is not given has its default. */
  async activate(
    eventType: string,
    operations: readonly (Partial<OperationSettings> & { name: string })[],
    expectedVersion: number | null = null,
  ): Promise<void> {
    const outcome = await this.graphs.activate({
      eventType,
      expectedVersion,
      operations: operations.map((given) => ({
        ...OPERATION_DEFAULTS,
        eventType,
        endpoint: given.name.startsWith('bus.') ? null : 'tcp://127.0.0.1:9',
        ...given,
      })),
      actor: 'spec',
      reason: null,
    });
    if (outcome.outcome === 'stale')
      throw new Error(`the graph of ${eventType} is at ${outcome.activeVersion}`);
  }

  /** Starts a replica. @param databaseUrl the way to the database; default: straight */
  async start(services: FakeServices, databaseUrl = this.url): Promise<Replica> {
    const module = await Test.createTestingModule({
      imports: [
        ShellModule.forRoot({ name: 'bus-consumer', logLevel: 'silent' }),
        BusConsumerModule.forRoot({
          httpPort: 0,
          host: '127.0.0.1',
          logLevel: 'silent',
          logFormat: 'json',
          databaseUrl,
          databasePool: 6,
          broker: {
            broker: 'postgres',
            databaseUrl,
            kafkaBrokers: [],
            topic: 'bus.events.v1',
            partitions: this.partitions,
            replication: 1,
            devSingleBroker: false,
          },
          logKeepMs: null,
          retentionDays: 30,
          deadLetterMirror: null,
        }),
      ],
    })
      .overrideProvider(OperationCaller)
      .useValue(services)
      .setLogger(false as never)
      .compile();
    await module.init();
    const replica = { app: module, stop: () => this.stopOne(module, replica) };
    this.replicas.push(replica);
    return replica;
  }

  async publish(events: readonly (Partial<IncomingEvent> & { messageId: string })[]): Promise<void> {
    const nowMs = Date.now();
    for (let from = 0; from < events.length; from += 500) {
      const records = events.slice(from, from + 500).map((given) =>
        encodeRecord({
          eventId: newEventId({ nowMs, random: randomBytes(16) }),
          source: 'spec',
          type: 'order.paid',
          key: null,
          payload: '{}',
          occurredAt: new Date(nowMs).toISOString(),
          deliverAt: null,
          traceparent: null,
          ...given,
        }),
      );
      for (const result of await this.publisher.publish(records))
        if (result.outcome !== 'accepted') throw new Error(`publish: ${result.outcome}`);
    }
  }

  /** A record as any other writer may make it. */
  async appendRaw(value: string, headers: Record<string, string>): Promise<void> {
    await this.publisher.publish([{ key: 'raw', value: Buffer.from(value), headers }]);
  }

  /** Looks again and again until the rows are as wanted. @throws Error after `withinMs`, with the rows last seen */
  async until<R extends object>(
    sql: string,
    wanted: (rows: R[]) => boolean,
    withinMs = 15_000,
  ): Promise<R[]> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const { rows } = await this.pool.query<R>(sql);
      if (wanted(rows)) return rows;
      if (performance.now() > deadline)
        throw new Error(`not within ${withinMs} ms: ${sql}: ${JSON.stringify(rows.slice(0, 20))}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Waits until nothing is in flight, due or waiting, and so many executions have ended. */
  async untilEnded(executions: number, withinMs = 20_000): Promise<void> {
    await this.until<{ open: number; ended: number }>(
      `select (select count(*) from bus.in_flight)::int + (select count(*) from bus.due)::int
              + (select count(*) from bus.waiting)::int as open,
              (select count(distinct (event_id, operation_id)) from bus.attempt)::int as ended`,
      ([row]) => row.open === 0 && row.ended === executions,
      withinMs,
    );
  }

  /** `operation → state` of one message. */
  async states(messageId: string): Promise<Record<string, string>> {
    const { rows } = await this.pool.query<{ operation: string; state: string }>(
      `select x.operation, x.state from bus.execution x join bus.event e using (event_id) where e.message_id = $1`,
      [messageId],
    );
    return Object.fromEntries(rows.map((row) => [row.operation, row.state]));
  }

  /** Rows updated so far by table of schema `bus`, those of this test's own connection and of stopped replicas. */
  async updatedRows(): Promise<Map<string, number>> {
    await this.pool.query('select pg_stat_force_next_flush()');
    const { rows } = await this.pool.query<{ relname: string; updates: number }>(
      `select relname, n_tup_upd::int as updates from pg_stat_all_tables where schemaname = 'bus'`,
    );
    return new Map(rows.map((row) => [row.relname, row.updates]));
  }

  async close(): Promise<void> {
    for (const replica of [...this.replicas]) await replica.stop();
    await this.publisher.stop();
    await this.pool.end();
    await this.drop();
  }

  private async stopOne(module: TestingModule, replica: Replica): Promise<void> {
    const at = this.replicas.indexOf(replica);
    if (at < 0) return;
    this.replicas.splice(at, 1);
    await module.get(DrainState).drain();
    await module.close();
  }
}
