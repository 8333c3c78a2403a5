import { Injectable } from '@nestjs/common';
import {
  ATTEMPT_OUTCOMES,
  type AttemptSummary,
  type CancelAnswer,
  type EventReference,
  type EventStatus,
  type ExecutionSummary,
  type RescheduleAnswer,
} from '@bus/contracts';
import { identityOf } from '@bus/domain';
import type { PoolClient } from 'pg';
import { EventControlStore, type StoreHintValues } from '../event-control-store';
import { StorePool, type Queryable } from './connection';
import { asUnavailable, TransactionAgain } from './connection.errors';
import * as sql from './control/control-statements';
import { takeUntouched } from './control/take-untouched';
import { integerArrays } from './array-literal';
import { inTransaction } from './transaction';

/** What an identity says once it is locked; `null`: it was free, and the placeholder stands in it now. */
interface LockedIdentity {
  event_id: string | null;
  cancelled: boolean;
}

/**
 * TX5 on Postgres: the identity's row decides against arriving records, the executions' rows against claims and ends.
 * All or nothing per event, and never a guess.
 * @throws BusError `unavailable` with outcome `unknown` from every method that writes: ask again
 */
@Injectable()
export class PostgresEventControlStore extends EventControlStore {
  constructor(private readonly pool: StorePool) {
    super();
  }

  cancel(event: EventReference): Promise<CancelAnswer> {
    const identity = identityOf(event.source, event.messageId);
    return this.decide(async (client): Promise<CancelAnswer> => {
      const known = await lockOrPlace(client, identity, { cancelled: true, deliverAt: null });
      if (known === null) return { outcome: 'cancelled', executions: [] };
      if (known.cancelled)
        return { outcome: 'already_cancelled', executions: await executionsOf(client, known.event_id) };
      if (known.event_id !== null && (await takeUntouched(client, known.event_id)) === null)
        return { outcome: 'too_late', executions: await executionsOf(client, known.event_id) };
      await client.query(sql.SET_CANCELLED([identity]));
      return { outcome: 'cancelled', executions: await executionsOf(client, known.event_id) };
    });
  }

  reschedule(event: EventReference, deliverAt: string): Promise<RescheduleAnswer> {
    const identity = identityOf(event.source, event.messageId);
    return this.decide(async (client): Promise<RescheduleAnswer> => {
      const known = await lockOrPlace(client, identity, { cancelled: false, deliverAt });
      if (known === null) return { outcome: 'rescheduled', executions: [] };
      const { event_id: eventId } = known;
      if (known.cancelled) return { outcome: 'too_late', executions: await executionsOf(client, eventId) };
      if (eventId === null) {
        await client.query(sql.SET_PLACEHOLDER_TIME([identity, deliverAt]));
        return { outcome: 'rescheduled', executions: [] };
      }
      const taken = await takeUntouched(client, eventId);
      if (taken === null) return { outcome: 'too_late', executions: await executionsOf(client, eventId) };
      await client.query(
        sql.DUE_AGAIN([
          eventId,
          deliverAt,
          taken.map((row) => row.operation_id),
          taken.map((row) => row.attempt),
          taken.map((row) => row.counted),
          taken.map((row) => row.key),
          integerArrays(taken.map((row) => row.pending)),
        ]),
      );
      return { outcome: 'rescheduled', executions: await executionsOf(client, eventId) };
    });
  }

  async getEvent(event: EventReference): Promise<EventStatus | null> {
    const identity = identityOf(event.source, event.messageId);
    try {
      const { rows } = await this.pool.query<EventRow>(sql.READ_EVENT([identity]));
      const row = rows.at(0);
      if (!row) return null;
      const attempts = row.event_id === null ? [] : await attemptsOf(this.pool, row.event_id);
      const executions = await executionsOf(this.pool, row.event_id);
      return { event: toEvent(event, row), executions, attempts };
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  async hints(): Promise<StoreHintValues> {
    try {
      const { rows } = await this.pool.query<{ known: string[]; ordered: string[]; now_ms: number }>(
        sql.HINTS(),
      );
      return { knownTypes: rows[0].known, orderedTypes: rows[0].ordered, databaseNowMs: rows[0].now_ms };
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  private async decide<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    try {
      return await inTransaction(this.pool, work);
    } catch (error) {
      throw asUnavailable(error);
    }
  }
}

/** Locks the identity; where it is free, the placeholder takes it. @throws TransactionAgain if it went meanwhile */
async function lockOrPlace(
  client: PoolClient,
  identity: string,
  placeholder: { cancelled: boolean; deliverAt: string | null },
): Promise<LockedIdentity | null> {
  const { rows } = await client.query<LockedIdentity>(sql.LOCK_IDENTITY([identity]));
  if (rows.length > 0) return rows[0];
  const placed = await client.query(
    sql.PLACEHOLDER([identity, placeholder.cancelled, placeholder.deliverAt]),
  );
  if (placed.rowCount === 1) return null;
  throw new TransactionAgain('the event arrived this very moment');
}

async function executionsOf(client: Queryable, eventId: string | null): Promise<ExecutionSummary[]> {
  if (eventId === null) return [];
  return (await client.query<ExecutionSummary>(sql.EXECUTIONS([eventId]))).rows;
}

async function attemptsOf(client: Queryable, eventId: string): Promise<AttemptSummary[]> {
  const { rows } = await client.query<AttemptRow>(sql.READ_ATTEMPTS([eventId]));
  return rows.map((row) => ({
    operation: row.operation,
    attempt: row.attempt,
    outcome: ATTEMPT_OUTCOMES[row.outcome],
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    durationMs: row.duration_ms,
    endedAt: row.ended_at.toISOString(),
  }));
}

interface AttemptRow {
  operation: string;
  attempt: number;
  outcome: number;
  code: string | null;
  reason: string | null;
  duration_ms: number | null;
  ended_at: Date;
}

interface EventRow {
  event_id: string | null;
  cancelled_at: Date | null;
  placeholder_time: Date | null;
  /** False: not arrived yet, or taken by retention. */
  stored: boolean;
  type: string | null;
  key: string | null;
  payload: string | null;
  occurred_at: Date | null;
  deliver_at: Date | null;
  stored_at: Date | null;
  graph_id: number | null;
}

function toEvent(event: EventReference, row: EventRow): EventStatus['event'] {
  const time = (at: Date | null) => at?.toISOString() ?? null;
  return {
    eventId: row.event_id,
    source: event.source,
    messageId: event.messageId,
    type: row.type,
    key: row.key,
    payload: row.payload === null ? null : (JSON.parse(row.payload) as unknown),
    occurredAt: time(row.occurred_at),
    deliverAt: time(row.deliver_at ?? row.placeholder_time),
    storedAt: time(row.stored_at),
    cancelledAt: time(row.cancelled_at),
    unrouted: row.stored && row.graph_id === null,
  };
}
