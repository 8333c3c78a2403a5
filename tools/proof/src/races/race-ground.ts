import type { RunnableGraph, RunnableOperation } from '@bus/domain';
import type { AttemptEnd, ClaimRoom, IngestOutcome, PlannedEvent } from '@bus/store';
import { InboxHarness, PostgresExecutionControl } from '@bus/store/testing';
import { Pool } from 'pg';
import { v7 } from 'uuid';
import type { Bend } from './bend';
import type { RaceOperation } from './race';
import { RaceRacer } from './race-racer';
import { homesOf, openOf, storeFaults } from './store-faults';

const LONG_LEASE_MS = 600_000;
/** A chain of three, each with a lane, ends within these turns. */
const MOST_TURNS = 30;

/** A database of one race, its graph, and its two racers. Every round uses fresh events and keys. */
export class RaceGround {
  private partition = 0;

  private constructor(
    readonly harness: InboxHarness,
    readonly graph: RunnableGraph,
    /** For looks and preparations; not for the product's own statements. */
    readonly pool: Pool,
    readonly racers: readonly [RaceRacer, RaceRacer],
  ) {}

  /** @param bend stands between the racers and the driver */
  static async open(operations: readonly RaceOperation[], bend?: Bend): Promise<RaceGround> {
    const harness = await InboxHarness.open();
    const graph = await harness.store.graph('race.event', operations);
    const { url } = harness.store.database;
    return new RaceGround(harness, graph, lookPool(url), [
      new RaceRacer('one', url, bend),
      new RaceRacer('two', url, bend),
    ]);
  }

  /** Outside of any race. */
  get people(): PostgresExecutionControl {
    return new PostgresExecutionControl(this.harness.pool);
  }

  async close(): Promise<void> {
    await Promise.all([this.pool, ...this.racers.map((racer) => racer.pool)].map((pool) => pool.end()));
    await this.harness.close();
  }

  /** A key that no round has used. */
  key(): string {
    return `key-${v7()}`;
  }

  /** A partition of its own. */
  nextPartition(): number {
    return (this.partition += 1);
  }

  operation(name: string): RunnableOperation {
    const operation = this.graph.operations.find((candidate) => candidate.name === name);
    if (!operation) throw new RangeError(`this race has no operation ${name}`);
    return operation;
  }

  /** Stores events now, outside of any race. */
  async stored(...events: PlannedEvent[]): Promise<IngestOutcome> {
    return this.harness.ingest(events, { partition: 0 });
  }

  /** What was delayed is due now. */
  async makeDue(...events: PlannedEvent[]): Promise<void> {
    await this.pool.query({
      name: 'race-make-due',
      text: `update bus.due set due_at = clock_timestamp() - interval '1 s' where event_id = any ($1::uuid[])`,
      values: [idsOf(events)],
    });
  }

  async expireLeases(...events: PlannedEvent[]): Promise<void> {
    await this.pool.query({
      name: 'race-expire',
      text: `update bus.in_flight set lease_until = clock_timestamp() - interval '1 s' where event_id = any ($1::uuid[])`,
      values: [idsOf(events)],
    });
  }

  room(name: string, over: Partial<ClaimRoom> = {}): ClaimRoom {
    const { operationId, ordered } = this.operation(name);
    return this.harness.store.room(operationId, { ordered, leaseMs: LONG_LEASE_MS, ...over });
  }

  context(dispatcherId = 1) {
    return this.harness.store.context(dispatcherId);
  }

  /** A completed first attempt, unless said otherwise. */
  end(event: PlannedEvent, name: string, over: Partial<AttemptEnd> = {}): AttemptEnd {
    const { operationId } = this.operation(name);
    return this.harness.store.end(this.graph, event.event.eventId, operationId, {
      key: event.event.key,
      ...over,
    });
  }

  homes(...events: PlannedEvent[]) {
    return homesOf(this.pool, idsOf(events));
  }

  faults(events: readonly PlannedEvent[], over?: { replayed?: boolean }) {
    return storeFaults(this.pool, idsOf(events), over);
  }

  /** Runs events to their ends with the product's own claim and close. @returns what never ended, in words */
  async settle(events: readonly PlannedEvent[]): Promise<string[]> {
    const { ledger } = this.harness.store;
    const byId = new Map(events.map((event) => [event.event.eventId, event]));
    const nameOf = new Map(this.graph.operations.map((operation) => [operation.operationId, operation.name]));
    const rooms = this.graph.operations.map(({ name }) => this.room(name));
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const open = await openOf(this.pool, idsOf(events));
      const flying = open.filter((row) => row.home === 'in_flight');
      const due = open.filter((row) => row.home === 'due');
      if (flying.length === 0 && due.length === 0)
        return open.map(
          (row) =>
            `operation ${row.operationId} of ${row.eventId} waits, and nothing is left that could wake it`,
        );
      if (flying.length > 0)
        await ledger.close(
          flying.flatMap(({ eventId, operationId, attempt }) => {
            const event = byId.get(eventId);
            return event ? [this.end(event, nameOf.get(operationId) ?? '', { attempt })] : [];
          }),
          this.context(7),
        );
      if (due.some((row) => row.later)) await this.makeDue(...events);
      const wanted = new Set(due.map((row) => row.operationId));
      const some = rooms.filter((room) => wanted.has(room.operationId));
      if (some.length > 0) await ledger.claim(some, this.context(7));
    }
    return [`${[...byId.keys()].join(', ')}: no end after ${MOST_TURNS} turns`];
  }
}

/** Many partitions make planning dear, and the looks of a round are always the same. */
function lookPool(url: string): Pool {
  const options = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off -c TimeZone=UTC';
  const pool = new Pool({ connectionString: url, application_name: 'race-look', max: 2, options });
  // One that breaks while idle is replaced; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

export const idsOf = (events: readonly PlannedEvent[]): string[] =>
  events.map((event) => event.event.eventId);
