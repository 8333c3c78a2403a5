import { OPERATION_DEFAULTS, type OperationSettings } from '@bus/contracts';
import { toRunnableGraph, type RunnableGraph } from '@bus/domain';
import type { TestDatabase } from '@bus/embedded-postgres';
import { v7 } from 'uuid';
import { GraphCatalog, type AttemptEnd, type ClaimRoom, type DispatchContext } from '../execution-ledger';
import { StorePool, createStorePool } from '../postgres/connection';
import { PostgresExecutionLedger } from '../postgres/execution-ledger.repository';
import { createStoreDatabase } from './create-store-database';

/** Graphs that the test made. */
class FixedCatalog extends GraphCatalog {
  readonly graphs = new Map<number, RunnableGraph>();

  override graph(graphId: number): RunnableGraph {
    const graph = this.graphs.get(graphId);
    if (!graph) throw new RangeError(`graph ${graphId} is not loaded`);
    return graph;
  }

  override async load(): Promise<void> {
    // all are here
  }
}

/** A store with events and executions written by hand, and a dispatcher without an app around it. */
export class LedgerHarness {
  readonly catalog = new FixedCatalog();
  readonly ledger: PostgresExecutionLedger;
  /** Slots left by operation id; an operation that is not listed has no limit. */
  readonly slots = new Map<number, number>();

  private constructor(
    readonly database: TestDatabase,
    readonly pool: StorePool,
  ) {
    this.ledger = new PostgresExecutionLedger(pool);
  }

  static async open(): Promise<LedgerHarness> {
    const database = await createStoreDatabase('ledger');
    const pool = createStorePool({ connectionString: database.url, applicationName: 'ledger-spec' });
    return new LedgerHarness(database, pool);
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.database.drop();
  }

  /** Stores and activates a graph; ids are given in order. */
  async graph(
    eventType: string,
    operations: readonly (Partial<OperationSettings> & { name: string })[],
  ): Promise<RunnableGraph> {
    const full = [];
    for (const given of operations) {
      const settings = { ...OPERATION_DEFAULTS, eventType, endpoint: 'tcp://127.0.0.1:1', ...given };
      const { rows } = await this.pool.query(
        `insert into bus.operation (name, event_type, settings) values ($1, $2, $3) returning operation_id`,
        [given.name, eventType, JSON.stringify(settings)],
      );
      full.push({ ...settings, operationId: rows[0].operation_id as number });
    }
    const { rows } = await this.pool.query(
      `insert into bus.operation_graph (event_type, version, state, operations, activated_by)
       values ($1, 1, 'active', $2, 'spec') returning graph_id`,
      [eventType, JSON.stringify(full)],
    );
    const graph = toRunnableGraph({ graphId: rows[0].graph_id, eventType, version: 1 }, full);
    this.catalog.graphs.set(graph.graphId, graph);
    return graph;
  }

  async event(
    graph: RunnableGraph,
    key: string | null = null,
    over: { storedAgoMs?: number } = {},
  ): Promise<string> {
    const eventId = v7();
    await this.pool.query(
      `insert into bus.event (event_id, source, message_id, type, key, payload, occurred_at, graph_id,
                              broker_partition, broker_offset, stored_at)
       values ($1::uuid, 'spec', $1::uuid::text, $2, $3, '{}', clock_timestamp(), $4, 0, 0,
               clock_timestamp() - $5::float8 * interval '1 ms')`,
      [eventId, graph.eventType, key, graph.graphId, over.storedAgoMs ?? 0],
    );
    return eventId;
  }

  async inFlight(
    eventId: string,
    operationId: number,
    over: { attempt?: number; leaseMs?: number; dispatcherId?: number } = {},
  ): Promise<void> {
    const attempt = over.attempt ?? 1;
    await this.pool.query(
      `insert into bus.in_flight values ($1, $2, $3::int, $3::int, clock_timestamp() + $4::float8 * interval '1 ms', $5)`,
      [eventId, operationId, attempt, over.leaseMs ?? 15_000, over.dispatcherId ?? 1],
    );
  }

  async due(
    eventId: string,
    operationId: number,
    over: { inMs?: number; key?: string | null; pending?: number[]; attempt?: number } = {},
  ): Promise<void> {
    await this.pool.query(
      `insert into bus.due (operation_id, due_at, event_id, attempt, counted, key, pending)
       values ($1, clock_timestamp() + $2::float8 * interval '1 ms', $3, $4::int, $4::int, $5, $6)`,
      [operationId, over.inMs ?? -1, eventId, over.attempt ?? 0, over.key ?? null, over.pending ?? []],
    );
  }

  async waiting(
    eventId: string,
    operationId: number,
    over: { key?: string | null; place?: number | null; pending?: number[] } = {},
  ): Promise<void> {
    await this.pool.query(`insert into bus.waiting values ($1, $2, 0, 0, $3, $4, $5)`, [
      eventId,
      operationId,
      over.key ?? null,
      over.place ?? null,
      over.pending ?? [],
    ]);
  }

  async lane(operationId: number, key: string, headEventId: string, nextPlace: number): Promise<void> {
    await this.pool.query(`insert into bus.lane values ($1, $2, $3, $4)`, [
      operationId,
      key,
      headEventId,
      nextPlace,
    ]);
  }

  context(dispatcherId = 1): DispatchContext {
    return {
      dispatcherId,
      catalog: this.catalog,
      event: () => undefined,
      slots: {
        take: (operationId) => {
          const left = this.slots.get(operationId);
          if (left === undefined) return true;
          if (left < 1) return false;
          this.slots.set(operationId, left - 1);
          return true;
        },
        release: (operationId) => {
          const left = this.slots.get(operationId);
          if (left !== undefined) this.slots.set(operationId, left + 1);
        },
      },
    };
  }

  /** A completed first attempt, unless said otherwise. */
  end(
    graph: RunnableGraph,
    eventId: string,
    operationId: number,
    over: Partial<AttemptEnd> = {},
  ): AttemptEnd {
    return {
      eventId,
      operationId,
      attempt: 1,
      graphId: graph.graphId,
      key: null,
      outcome: 'completed',
      code: null,
      reason: null,
      output: null,
      durationMs: 3,
      after: { kind: 'ended' },
      ...over,
    };
  }

  room(operationId: number, over: Partial<ClaimRoom> = {}): ClaimRoom {
    return {
      operationId,
      free: 100,
      leaseMs: 15_000,
      ordered: false,
      ratePerSecond: null,
      lowWater: null,
      ...over,
    };
  }

  /** States of an event's executions by operation name. */
  async states(eventId: string): Promise<Record<string, string | null>> {
    const { rows } = await this.pool.query('select operation, state from bus.execution where event_id = $1', [
      eventId,
    ]);
    return Object.fromEntries(rows.map((row) => [row.operation, row.state]));
  }

  async count(table: string): Promise<number> {
    const { rows } = await this.pool.query(`select count(*)::int as count from bus.${table}`);
    return rows[0].count;
  }
}
