import { toRunnableGraph, withLiveSettings, type RunnableGraph } from '@bus/domain';
import type {
  ClaimOutcome,
  ClaimRoom,
  ClaimedExecution,
  DispatchContext,
  ExpiredExecution,
  LedgerPulse,
  LoadedEvent,
  PulseLook,
} from '../../execution-ledger';
import { IngestStep } from './ingest-step';
import { byDueTime, laneName, type DueRow, type EventRow, type InFlightRow, type LaneRow } from './rows';
import { timestampMs } from './timestamp-ms';

/** TX2, and what is read of executions. */
export abstract class ClaimStep extends IngestStep {
  private runnable = new Map<number, { revision: number; graph: RunnableGraph }>();

  /** The whole of `ExecutionLedger.claim`, at this moment; the context's catalog is not asked. */
  claimNow(rooms: readonly ClaimRoom[], context: DispatchContext): ClaimOutcome {
    const outcome: ClaimOutcome = { executions: [], events: [], lowWater: new Map(), more: new Set() };
    const alone = new Map<number, ClaimRoom>();
    for (const room of rooms)
      if (room.ordered || room.ratePerSecond !== null) alone.set(room.operationId, room);
    this.transaction(() => {
      for (const room of rooms) {
        if (alone.has(room.operationId)) continue;
        const keyed = this.claimTogether(room, context.dispatcherId, outcome);
        if (keyed) alone.set(room.operationId, keyed);
      }
    });
    for (const room of alone.values())
      this.transaction(() => this.claimThroughLanes(room, context.dispatcherId, outcome));
    outcome.events = this.loadInputs(outcome.executions, context);
    return outcome;
  }

  /** TX4's look. */
  expiredNow(limit: number): ExpiredExecution[] {
    return this.inFlightWhere((row) => this.leaseIsOver(row), limit);
  }

  ownInFlightNow(dispatcherId: number): ExpiredExecution[] {
    return this.inFlightWhere((row) => row.dispatcherId === dispatcherId, Number.POSITIVE_INFINITY);
  }

  pulseNow({ lowWater, leases }: PulseLook): LedgerPulse {
    const nowMs = this.nowMs();
    const dueOperationIds: number[] = [];
    const idle = new Map<number, string>();
    let nextMs: number | null = null;
    for (const { operationId, state } of this.operations.values()) {
      if (state !== 'active') continue;
      const mark = lowWater.get(operationId);
      if (this.dueRows(operationId, 'any', mark === undefined ? null : Number(mark), 1).length > 0)
        dueOperationIds.push(operationId);
      else idle.set(operationId, String(nowMs));
      const later = this.dueOrder.get(operationId)?.find((row) => row.dueAtMs > nowMs);
      if (later && (nextMs === null || later.dueAtMs < nextMs)) nextMs = later.dueAtMs;
    }
    let leaseEnded = false;
    if (leases) for (const row of this.inFlight.values()) leaseEnded ||= this.leaseIsOver(row);
    const nextDueInMs = nextMs === null ? null : Math.max(0, nextMs - nowMs);
    return { dueOperationIds, nextDueInMs, leaseEnded, lowWater: idle, revision: String(this.revision) };
  }

  /** A graph version with today's live settings. @throws RangeError where there is none */
  graphOf(graphId: number): RunnableGraph {
    const known = this.runnable.get(graphId);
    if (known?.revision === this.revision) return known.graph;
    const row = this.graphs.get(graphId);
    if (!row) throw new RangeError(`there is no graph ${graphId}`);
    const operations = row.operations.map((operation) => {
      const live = this.operations.get(operation.operationId);
      return withLiveSettings(operation, live && { ...live.settings, name: live.name, state: live.state });
    });
    const graph = toRunnableGraph(row, operations);
    this.runnable.set(graphId, { revision: this.revision, graph });
    return graph;
  }

  /** Completes what starts with its inputs. @returns the events that the context does not have */
  protected loadInputs(executions: readonly ClaimedExecution[], context: DispatchContext): LoadedEvent[] {
    const events = new Map<string, LoadedEvent>();
    for (const execution of executions) {
      const { eventId, operationId } = execution;
      const row = this.events.get(eventId);
      if (!row || row.graphId === null)
        throw new RangeError(`event ${eventId} has a home row but is not stored`);
      if (!events.has(eventId) && !context.event(eventId)) events.set(eventId, toLoaded(row, row.graphId));
      const graph = this.graphOf(row.graphId);
      for (const dependencyId of graph.dependencies.get(operationId) ?? []) {
        execution.inputs ??= {};
        const output = this.outputOf(eventId, dependencyId);
        if (output != null) execution.inputs[graph.byId.get(dependencyId)?.name ?? ''] = output;
      }
    }
    return [...events.values()];
  }

  /** Begins an attempt of an execution that has just left its home. */
  protected begin(
    row: { eventId: string; operationId: number; attempt: number; counted: number },
    leaseMs: number,
    dispatcherId: number,
  ): ClaimedExecution {
    const { eventId, operationId } = row;
    const attempt = this.nextAttempt(row);
    const counted = this.nextCounted(row);
    const leaseUntilMs = this.leaseUntilMs(leaseMs);
    this.insertInFlight({ eventId, operationId, attempt, counted, leaseUntilMs, dispatcherId });
    const forcedRuns = this.forcedRuns.get(`${eventId}/${operationId}`)?.runs ?? 0;
    return { eventId, operationId, attempt, counted, inputs: null, forcedRuns };
  }

  /** An operation that is neither rated nor ordered. @returns room for rows that belong to lanes all the same */
  private claimTogether(room: ClaimRoom, dispatcherId: number, outcome: ClaimOutcome): ClaimRoom | null {
    const { again, fresh, retryLimit } = this.dueShares(room, room.free);
    fresh.splice(Math.max(0, room.free - again.length));
    const ready = [...again, ...fresh];
    if (ready.length === 0) return null;
    let claimed = 0;
    let keyed = 0;
    for (const row of ready) {
      if (row.key !== null) {
        keyed += 1;
        continue;
      }
      this.deleteDue(row);
      if (this.stillPending(row).length > 0) this.insertWaiting(waitingOf(row, null, this.stillPending(row)));
      else {
        outcome.executions.push(this.begin(row, room.leaseMs, dispatcherId));
        claimed += 1;
      }
    }
    if (ready.length >= room.free || again.length >= retryLimit) outcome.more.add(room.operationId);
    if (keyed === 0 && retryLimit > 0) {
      const ends = [again, fresh].flatMap((rows) => rows.at(-1)?.dueAtMs ?? []);
      outcome.lowWater.set(room.operationId, String(Math.min(...ends)));
    }
    const free = room.free - claimed;
    return keyed > 0 && free > 0 ? { ...room, free } : null;
  }

  /** Both kinds of due rows, each at most `limit`, those attempted before at most their share. */
  private dueShares(room: ClaimRoom, limit: number) {
    const low = room.lowWater === null ? null : Number(room.lowWater);
    const fresh = this.dueRows(room.operationId, 'fresh', low, limit);
    const retryLimit = this.retryLimit(room, fresh.length > 0, limit);
    return { again: this.dueRows(room.operationId, 'again', low, retryLimit), fresh, retryLimit };
  }

  /** A rated or ordered operation: a lane's head keeps its place, the others join the tail. */
  private claimThroughLanes(room: ClaimRoom, dispatcherId: number, outcome: ClaimOutcome): void {
    const { operationId } = room;
    if (room.lowWater !== null) outcome.lowWater.set(operationId, room.lowWater);
    const operation = this.operations.get(operationId);
    if (operation && operation.state !== 'active') return;
    // The row's own rate: the replica may not know the operation.
    const rate = operation?.settings.ratePerSecond ?? null;
    const tokens = operation && rate !== null ? this.tokensOf(operation, rate) : null;
    const limit = tokens === null ? room.free : Math.min(room.free, Math.floor(tokens));
    if (limit < 1) return;
    const { again, fresh } = this.dueShares(room, limit);
    const candidates = [...again, ...fresh].sort(byDueTime).slice(0, limit);
    if (candidates.length === 0) return;

    let started = 0;
    for (const row of candidates) {
      const lane = row.key === null ? null : this.enterLane(operationId, row.key, row.eventId);
      this.deleteDue(row);
      const pending = this.stillPending(row);
      if (lane && !this.headsLane(lane, row.eventId)) {
        this.insertWaiting(waitingOf(row, this.placeAt(lane), pending));
        this.set(this.lanes, laneName(lane.operationId, lane.key), {
          ...lane,
          nextPlace: lane.nextPlace + 1,
        });
      } else if (pending.length > 0) this.insertWaiting(waitingOf(row, null, pending));
      else {
        outcome.executions.push(this.begin(row, room.leaseMs, dispatcherId));
        started += 1;
      }
    }
    if (operation && tokens !== null)
      this.set(this.operations, operationId, {
        ...operation,
        tokens: tokens - started,
        refilledAtMs: this.nowMs(),
      });
    // Retries over their share stay: the mark must not pass them.
    const retries = candidates.filter(({ attempt }) => attempt > 0);
    const isShareUsed =
      room.retries !== undefined && retries.length >= room.retries && retries.length < candidates.length;
    const last = (isShareUsed ? retries : candidates).at(-1);
    if (last) outcome.lowWater.set(operationId, String(last.dueAtMs));
    if (candidates.length >= room.free || isShareUsed) outcome.more.add(operationId);
  }

  private enterLane(operationId: number, key: string, eventId: string): LaneRow {
    const name = laneName(operationId, key);
    const known = this.lanes.get(name);
    if (known) return known;
    const made = { operationId, key, headEventId: eventId, nextPlace: 0, blockedBy: null };
    this.set(this.lanes, name, made);
    return made;
  }

  private inFlightWhere(wanted: (row: InFlightRow) => boolean, limit: number): ExpiredExecution[] {
    const found: ExpiredExecution[] = [];
    for (const row of this.inFlight.values()) {
      if (found.length >= limit) break;
      const event = this.events.get(row.eventId);
      if (!event || event.graphId === null || !wanted(row)) continue;
      const { eventId, operationId, attempt, counted } = row;
      found.push({ eventId, operationId, attempt, counted, graphId: event.graphId, key: event.key });
    }
    return found;
  }

  private outputOf(eventId: string, operationId: number): unknown {
    const completed = this.attemptsOf(eventId, operationId).findLast(
      ({ outcome }) => outcome === 'completed',
    );
    return completed?.output == null ? undefined : (JSON.parse(completed.output) as unknown);
  }
}

const waitingOf = (row: DueRow, place: number | null, pending: readonly number[]) => {
  const { eventId, operationId, attempt, counted, key } = row;
  return { eventId, operationId, attempt, counted, key, place, pending };
};

function toLoaded(row: EventRow, graphId: number): LoadedEvent {
  const { eventId, source, messageId, type, key, payload, traceparent } = row;
  const occurredAt = new Date(timestampMs(row.occurredAt)).toISOString();
  return { eventId, source, messageId, type, key, payload, occurredAt, traceparent, graphId };
}
