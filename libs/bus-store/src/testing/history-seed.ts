import { ATTEMPT_OUTCOMES, DEAD_CAUSES, type AttemptOutcome, type DeadCause } from '@bus/contracts';
import { contentHash, newEventId, withDefaults, type OperationEntries } from '@bus/domain';
import { randomBytes } from 'node:crypto';
import type { StorePool } from '../postgres/connection';
import { PostgresOperationGraphs } from '../postgres/operation-graph.repository';

export interface SeededEvent {
  source?: string;
  messageId?: string;
  type?: string;
  key?: string | null;
  payload?: unknown;
  /** When it was published; the event id carries it. Default now. */
  at?: Date;
  /** `null`: unrouted. Default: the active graph of its type, if there is one. */
  graphId?: number | null;
  cancelled?: boolean;
}

/** Rows as the flow would have left them, written by hand: for tests of what people read. */
export class HistorySeed {
  private count = 0;

  constructor(private readonly pool: StorePool) {}

  /** Activates operations and answers their ids by name. */
  async operations(entries: OperationEntries): Promise<Record<string, number>> {
    const graphs = new PostgresOperationGraphs(this.pool);
    const active = await graphs.active();
    const operations = Object.entries(entries).map(([name, entry]) => withDefaults(name, entry));
    for (const eventType of new Set(operations.map((operation) => operation.eventType)))
      await graphs.activate({
        eventType,
        expectedVersion: active.find((graph) => graph.eventType === eventType)?.version ?? null,
        operations: operations.filter((operation) => operation.eventType === eventType),
        actor: 'seed',
        reason: null,
      });
    const { rows } = await this.pool.query('select name, operation_id from bus.operation');
    return Object.fromEntries(rows.map((row) => [row.name, row.operation_id]));
  }

  /** @returns its event id */
  async event(over: SeededEvent = {}): Promise<string> {
    this.count += 1;
    const {
      source = 'payments',
      messageId = `message-${this.count}`,
      type = 'order.paid',
      key = null,
    } = over;
    const at = over.at ?? new Date();
    const payload = JSON.stringify(over.payload ?? { orderId: String(1000 + this.count) });
    const eventId = newEventId({ nowMs: at.getTime(), random: randomBytes(16) });
    await this.pool.query(
      `insert into bus.event (event_id, source, message_id, type, key, payload, occurred_at, graph_id,
                              broker_partition, broker_offset)
       values ($1, $2, $3, $4, $5, $6, $7,
               case when $8 then $9 else (select graph_id from bus.operation_graph
                                           where event_type = $4 and state = 'active') end, 0, $10)`,
      [
        eventId,
        source,
        messageId,
        type,
        key,
        payload,
        at,
        over.graphId !== undefined,
        over.graphId ?? null,
        this.count,
      ],
    );
    await this.pool.query(
      `insert into bus.event_identity (identity, event_id, content_hash, cancelled_at, prune_after)
       values (bus.identity_of($1, $2), $3, $4, case when $5 then clock_timestamp() end, current_date + 90)`,
      [source, messageId, eventId, contentHash(type, key, payload), over.cancelled ?? false],
    );
    return eventId;
  }

  async attempt(
    eventId: string,
    operationId: number,
    outcome: AttemptOutcome,
    over: {
      attempt?: number;
      code?: string;
      reason?: string;
      output?: unknown;
      durationMs?: number;
      /** When it ended. Default now. */
      at?: Date;
    } = {},
  ): Promise<void> {
    await this.pool.query(
      `insert into bus.attempt_group (event_id, operation_id, attempt, outcome, code, reason, output, duration_ms, ended_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, clock_timestamp()))`,
      [
        eventId,
        operationId,
        over.attempt ?? 1,
        ATTEMPT_OUTCOMES.indexOf(outcome),
        over.code ?? null,
        over.reason ?? null,
        over.output === undefined ? null : JSON.stringify(over.output),
        over.durationMs ?? null,
        over.at ?? null,
      ],
    );
  }

  async inFlight(eventId: string, operationId: number, attempt = 1): Promise<void> {
    await this.pool.query(
      `insert into bus.in_flight values ($1, $2, $3, 1, clock_timestamp() + interval '15 s', 1)`,
      [eventId, operationId, attempt],
    );
  }

  /** @param inMs from now; below 0: overdue */
  async due(eventId: string, operationId: number, inMs: number, attempt = 0): Promise<void> {
    await this.pool.query(
      `insert into bus.due (operation_id, due_at, event_id, attempt, counted)
       values ($1, clock_timestamp() + $2::float8 * interval '1 ms', $3, $4, 0)`,
      [operationId, inMs, eventId, attempt],
    );
  }

  async waiting(
    eventId: string,
    operationId: number,
    over: { pending?: number[]; key?: string; place?: number },
  ): Promise<void> {
    await this.pool.query(
      `insert into bus.waiting (event_id, operation_id, attempt, counted, key, place, pending)
       values ($1, $2, 0, 0, $3, $4, $5)`,
      [eventId, operationId, over.key ?? null, over.place ?? null, over.pending ?? []],
    );
  }

  async lane(operationId: number, key: string, headEventId: string, blocked = false): Promise<void> {
    await this.pool.query(
      `insert into bus.lane (operation_id, key, head_event_id, next_place, blocked_by)
       values ($1, $2, $3::uuid, 10, case when $4::boolean then $3::uuid end)`,
      [operationId, key, headEventId, blocked],
    );
  }

  async deadLetter(
    eventId: string,
    operationId: number,
    cause: DeadCause,
    over: { attempt?: number; code?: string; reason?: string } = {},
  ): Promise<void> {
    await this.pool.query(
      `insert into bus.dead_letter (event_id, operation_id, attempt, cause, code, reason)
       values ($1, $2, $3, $4, $5, $6)`,
      [
        eventId,
        operationId,
        over.attempt ?? 1,
        DEAD_CAUSES.indexOf(cause),
        over.code ?? null,
        over.reason ?? null,
      ],
    );
  }

  async quarantined(
    offset: number,
    over: { value?: Buffer; fault?: string; logId?: string } = {},
  ): Promise<void> {
    await this.pool.query(
      `insert into bus.quarantine (log_id, partition, broker_offset, fault, detail, key, value, headers, appended_at)
       values ($1, 3, $2, $3, 'not a JSON document', null, $4, '[["ce_id","eA=="]]', clock_timestamp())`,
      [over.logId ?? 'postgres:spec', offset, over.fault ?? 'not_json', over.value ?? Buffer.from('{')],
    );
  }
}
