import {
  releaseWaiting,
  type DependentRow,
  type EndedOperation,
  type Release,
  type RunnableGraph,
} from '@bus/domain';
import type { InboxBatch, PlannedEvent } from '../../event-inbox';
import type { AttemptEnd, ClaimRoom } from '../../execution-ledger';
import {
  executionName,
  laneName,
  type AttemptRow,
  type DueRow,
  type EventRow,
  type IdentityRow,
  type InFlightRow,
  type LaneRow,
  type OperationRow,
  type WaitingRow,
} from './rows';
import { StoreTables } from './store-tables';

/** Greatest value of the `counted` column. */
const MAX_COUNTED = 32_767;
/** How far behind its low-water mark a claim looks. */
const LOW_WATER_MARGIN_MS = 300_000;

/** What a cancel or a reschedule saw after it had taken the untouched rows. */
export interface TakenLook {
  /** An attempt is in flight, or ended other than by a skip. */
  started: boolean;
  /** Homes that are left: rows that were not untouched. */
  homes: boolean;
  taken: number;
}

/**
 * Each rule that decides something, by itself and by name: a subclass that overrides one has one fault more than
 * PostgreSQL, which is how the proof shows that its checker sees it.
 */
export abstract class StoreRules extends StoreTables {
  /** TX1: the position is the one that the consumer holds. */
  protected positionMatches(stored: bigint, batch: InboxBatch): boolean {
    return stored === batch.start;
  }

  /** TX1: the batch was planned under graphs that are active now. */
  protected graphsUnchanged(batch: InboxBatch): boolean {
    return batch.events.every(({ graphId, event }) =>
      graphId === null ? !this.activeGraphOf(event.type) : this.graphs.get(graphId)?.active === true,
    );
  }

  /** TX1: a message that is known was sent again as it was. */
  protected sameContent(known: IdentityRow, planned: PlannedEvent): boolean {
    return known.contentHash?.equals(planned.contentHash) === true;
  }

  /** TX1: where a record's message stands already. Overridden, the same message may be stored twice. */
  protected knownIdentity(planned: PlannedEvent): IdentityRow | undefined {
    return this.identities.get(planned.identity);
  }

  /** TX1: an ordered execution takes its place when its event is stored, whatever else it waits for. */
  protected takesPlaceAtIngest(_pending: readonly number[]): boolean {
    return true;
  }

  /** Whether an execution heads its lane. */
  protected headsLane(lane: LaneRow, eventId: string): boolean {
    return lane.headEventId === eventId;
  }

  /** The place of one that joins a lane. */
  protected placeAt(lane: LaneRow): number {
    return lane.nextPlace;
  }

  /** TX2: its time has come. */
  protected isDue(row: DueRow): boolean {
    return row.dueAtMs <= this.nowMs();
  }

  /**
   * TX2: due rows of one operation in the order of claims.
   * @param kind `again`: attempted before; `fresh`: not; `any`: both
   * @param lowWater in ms; `null`: from the first one
   */
  protected dueRows(
    operationId: number,
    kind: 'again' | 'fresh' | 'any',
    lowWater: number | null,
    limit: number,
  ): DueRow[] {
    const found: DueRow[] = [];
    for (const row of this.dueOrder.get(operationId) ?? []) {
      if (found.length >= limit) break;
      if (lowWater !== null && row.dueAtMs <= lowWater - LOW_WATER_MARGIN_MS) continue;
      if (!this.isDue(row)) break;
      if (kind === 'any' || (kind === 'again') === row.attempt > 0) found.push(row);
    }
    return found;
  }

  /** TX2: how many of `free` are for what was attempted before. */
  protected retryLimit(room: ClaimRoom, isFreshDue: boolean, free: number): number {
    return isFreshDue && room.retries !== undefined ? Math.min(free, room.retries) : free;
  }

  /** TX2: what is still pending when the time has come. */
  protected stillPending(row: DueRow): readonly number[] {
    return row.pending;
  }

  /** TX2: the bucket of a rated operation, filled up to now. */
  protected tokensOf(operation: OperationRow, ratePerSecond: number): number {
    const most = Math.max(1, ratePerSecond / 2);
    const seconds = Math.max(0, this.nowMs() - (operation.refilledAtMs ?? this.nowMs())) / 1000;
    return Math.min(most, (operation.tokens ?? most) + ratePerSecond * seconds);
  }

  /** The fence of the next attempt. */
  protected nextAttempt(row: { attempt: number }): number {
    return row.attempt + 1;
  }

  /** How many attempts count once the next one has begun. */
  protected nextCounted(row: { counted: number }): number {
    return Math.min(row.counted + 1, MAX_COUNTED);
  }

  protected leaseUntilMs(leaseMs: number): number {
    return this.nowMs() + leaseMs;
  }

  /** TX3: the attempt in flight is the one that ended. */
  protected fenceMatches(row: InFlightRow, end: AttemptEnd): boolean {
    return row.attempt === end.attempt;
  }

  /** TX3: the event's time (its due time, or when it was stored) is longer ago than the operation allows. */
  protected isTooOld(event: EventRow | undefined, maxAgeMs: number): boolean {
    return event !== undefined && (event.deliverAtMs ?? event.storedAtMs) + maxAgeMs < this.nowMs();
  }

  /** TX3: who may go now that these have ended. `pending` is a set: saying an end twice changes nothing. */
  protected releases(
    ended: readonly EndedOperation[],
    rows: readonly DependentRow[],
    graphOf: (eventId: string) => RunnableGraph,
  ): Release[] {
    return releaseWaiting(ended, rows, graphOf);
  }

  /** TX3: whether one whose last reason to wait has gone may start at once where a slot is free. */
  protected startsWhenReleased(_row: DependentRow): boolean {
    return true;
  }

  /** The lowest place of a lane, without those that leave it now. */
  protected nextInLane(
    operationId: number,
    key: string,
    leaving: ReadonlySet<string>,
  ): WaitingRow | undefined {
    let next: WaitingRow | undefined;
    for (const row of this.placed.get(laneName(operationId, key)) ?? []) {
      if (leaving.has(executionName(row.eventId, row.operationId))) continue;
      if (next === undefined || (row.place ?? 0) < (next.place ?? 0)) next = row;
    }
    return next;
  }

  /** TX4: its holder has lost it. */
  protected leaseIsOver(row: InFlightRow): boolean {
    return row.leaseUntilMs < this.nowMs();
  }

  /** TX5: an ended attempt that shows that the execution has begun; it stays so for ever. */
  protected hasBegun(attempts: readonly AttemptRow[]): boolean {
    return attempts.some(({ outcome }) => outcome !== 'skipped');
  }

  /** TX5: all of the event's executions were taken, and none has begun. */
  protected mayTake(look: TakenLook): boolean {
    return !look.started && !look.homes && look.taken > 0;
  }

  /** TX5: the fence of a replayed execution goes on from where it was. */
  protected attemptAtReplay(lastAttempt: number): number {
    return lastAttempt;
  }

  protected attemptsOf(eventId: string, operationId: number): readonly AttemptRow[] {
    return this.attempts.get(executionName(eventId, operationId)) ?? [];
  }

  protected activeGraphOf(eventType: string) {
    for (const graph of this.graphs.values()) if (graph.active && graph.eventType === eventType) return graph;
    return undefined;
  }
}
