import { Injectable } from '@nestjs/common';
import type {
  AttemptEnd,
  ClaimOutcome,
  ClaimRoom,
  ClaimedExecution,
  CloseOutcome,
  DispatchContext,
  ExpiredExecution,
  LedgerPulse,
  PulseLook,
} from '../execution-ledger';
import { ExecutionLedger } from '../execution-ledger';
import { StorePool } from './connection';
import { claimThroughLanes } from './ledger/claim-through-lanes';
import { CLAIM } from './ledger/claim-statements';
import { type CloseAnswer, closeStatement, type ClosedEnd } from './ledger/close-statement';
import { closeWithLanes } from './ledger/close-with-lanes';
import { laneKeyOf } from './ledger/lane-key';
import { loadInputs } from './ledger/load-inputs';
import { EXPIRED, OWN_IN_FLIGHT, PULSE, REGISTER } from './ledger/watch-statements';
import { inTransaction, runAlone } from './transaction';

interface ClaimRow {
  event_id: string | null;
  operation_id: number;
  attempt: number;
  counted: number;
  more: boolean;
  keyed: number;
  low: string | null;
}

interface PulseRow extends Omit<LedgerPulse, 'lowWater'> {
  idleOperationIds: number[];
  seenAt: string;
}

/** ExecutionLedger on PostgreSQL. Statements and their reasons: `ledger/*-statements.ts`. */
@Injectable()
export class PostgresExecutionLedger extends ExecutionLedger {
  constructor(private readonly pool: StorePool) {
    super();
  }

  async register(): Promise<number> {
    const { rows } = await this.pool.query<{ id: number }>(REGISTER());
    const [row] = rows;
    if (!row) throw new Error('bus.dispatcher_id gave no number');
    return row.id;
  }

  async claim(rooms: readonly ClaimRoom[], context: DispatchContext): Promise<ClaimOutcome> {
    const outcome: ClaimOutcome = { executions: [], events: [], lowWater: new Map(), more: new Set() };
    const alone = new Map<number, ClaimRoom>();
    const together: ClaimRoom[] = [];
    for (const room of rooms) {
      if (room.ordered || room.ratePerSecond !== null) alone.set(room.operationId, room);
      else together.push(room);
    }
    for (const room of await this.claimTogether(together, context, outcome))
      alone.set(room.operationId, room);
    for (const room of alone.values()) await this.claimAlone(room, context, outcome);
    outcome.events = await loadInputs(this.pool, outcome.executions, context);
    return outcome;
  }

  async close(ends: readonly AttemptEnd[], context: DispatchContext): Promise<CloseOutcome> {
    await context.catalog.load(new Set(ends.map((end) => end.graphId)));
    if (ends.every((end) => isAlone(end, context))) {
      const { query, applied } = closeStatement(ends, () => null);
      const { rows } = await runAlone<CloseAnswer>(this.pool, query);
      return toCloseOutcome(ends, applied(rows), { executions: [], events: [] }, false);
    }
    const taken: number[] = [];
    const giveBack = () => taken.splice(0).forEach((operationId) => context.slots.release(operationId));
    try {
      return await inTransaction(this.pool, async (client) => {
        giveBack(); // of a run before this one
        const { closed, started, dueNow } = await closeWithLanes(client, ends, context, taken);
        const events = await loadInputs(client, started, context);
        return toCloseOutcome(ends, closed, { executions: started, events }, dueNow);
      });
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  async expired(limit: number): Promise<ExpiredExecution[]> {
    const { rows } = await this.pool.query<ExpiredExecution>(EXPIRED([limit]));
    return rows;
  }

  async ownInFlight(dispatcherId: number): Promise<ExpiredExecution[]> {
    const { rows } = await this.pool.query<ExpiredExecution>(OWN_IN_FLIGHT([dispatcherId]));
    return rows;
  }

  async pulse({ lowWater, leases }: PulseLook): Promise<LedgerPulse> {
    const { rows } = await this.pool.query<PulseRow>(
      PULSE([[...lowWater.keys()], [...lowWater.values()], leases]),
    );
    const [row] = rows;
    if (!row) throw new Error('bus.configuration is empty: run bus-migrate');
    const { idleOperationIds, seenAt, ...pulse } = row;
    return { ...pulse, lowWater: new Map(idleOperationIds.map((operationId) => [operationId, seenAt])) };
  }

  /** @returns rooms of operations whose due rows belong to lanes all the same (ordered in another graph version) */
  private async claimTogether(
    rooms: readonly ClaimRoom[],
    context: DispatchContext,
    outcome: ClaimOutcome,
  ): Promise<ClaimRoom[]> {
    if (rooms.length === 0) return [];
    const { rows } = await runAlone<ClaimRow>(
      this.pool,
      CLAIM([
        rooms.map((room) => room.operationId),
        rooms.map((room) => room.free),
        rooms.map((room) => room.lowWater ?? '-infinity'),
        rooms.map((room) => room.leaseMs),
        context.dispatcherId,
        rooms.map((room) => room.retries ?? null),
      ]),
    );
    const keyed: ClaimRoom[] = [];
    const roomOf = new Map(rooms.map((room) => [room.operationId, room]));
    const claimedOf = new Map<number, number>();
    for (const row of rows) {
      if (row.event_id === null) continue;
      outcome.executions.push(toClaimed(row.event_id, row));
      claimedOf.set(row.operation_id, (claimedOf.get(row.operation_id) ?? 0) + 1);
    }
    for (const row of rows) {
      const room = roomOf.get(row.operation_id);
      if (row.event_id !== null || !room) continue;
      if (row.more) outcome.more.add(row.operation_id);
      if (row.keyed === 0 && row.low !== null) outcome.lowWater.set(row.operation_id, row.low);
      const free = room.free - (claimedOf.get(row.operation_id) ?? 0);
      if (row.keyed > 0 && free > 0) keyed.push({ ...room, free });
    }
    return keyed;
  }

  private async claimAlone(room: ClaimRoom, context: DispatchContext, outcome: ClaimOutcome): Promise<void> {
    const claimed = await inTransaction(this.pool, (client) =>
      claimThroughLanes(client, room, context.dispatcherId),
    );
    outcome.executions.push(...claimed.started);
    if (claimed.lowWater !== null) outcome.lowWater.set(room.operationId, claimed.lowWater);
    if (claimed.more) outcome.more.add(room.operationId);
  }
}

/** Closed by S2 alone: no lane to free, nobody to release. */
function isAlone(end: AttemptEnd, context: DispatchContext): boolean {
  if (laneKeyOf(end, context) !== null) return false;
  return !context.catalog.graph(end.graphId).dependents.get(end.operationId)?.length;
}

function toClaimed(eventId: string, row: ClaimRow): ClaimedExecution {
  return {
    eventId,
    operationId: row.operation_id,
    attempt: row.attempt,
    counted: row.counted,
    inputs: null,
    forcedRuns: 0,
  };
}

function toCloseOutcome(
  ends: readonly AttemptEnd[],
  closed: readonly ClosedEnd[],
  released: CloseOutcome['released'],
  dueNow: boolean,
): CloseOutcome {
  const applied = new Array<boolean>(ends.length).fill(false);
  const dead: number[] = [];
  for (const row of closed) {
    applied[row.index] = true;
    if (row.cause !== null) dead.push(row.index);
  }
  return { applied, dead, released, dueNow };
}
