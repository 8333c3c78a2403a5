import type { DependentRow, Release } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { ClaimedExecution, DispatchContext } from '../../execution-ledger';
import type { LaneRef } from './lane-key';
import { TransactionAgain } from '../connection.errors';
import { MOVE } from './release-statements';

/** Greatest value of the `counted` column. */
const MAX_COUNTED = 32_767;

interface Start extends ClaimedExecution {
  leaseMs: number;
}
interface Kept {
  row: DependentRow;
  pending: readonly number[];
  place: string | null;
}

/** Collects what one transaction moves, then does it in one statement. */
export class MoveList {
  /** Leased to this dispatcher; inputs are not loaded yet. */
  readonly started: Start[] = [];
  /** Something became due at once. */
  dueNow = false;
  private readonly leaveWaiting: DependentRow[] = [];
  private readonly leaveDue: DependentRow[] = [];
  private readonly nowDue: DependentRow[] = [];
  private readonly skipped: DependentRow[] = [];
  private readonly kept = new Map<string, Kept>();
  private readonly promoted: (LaneRef & { eventId: string })[] = [];
  private readonly blocked: (LaneRef & { eventId: string })[] = [];
  private readonly ended: LaneRef[] = [];

  constructor(
    private readonly context: DispatchContext,
    /** Operation ids of slots reserved here: given back by the caller when the transaction fails. */
    private readonly taken: number[],
  ) {}

  /** A dependent whose reasons to wait have changed. */
  release(release: Release, leaseMs: number): void {
    const { row } = release;
    if (release.kind === 'keep') {
      this.kept.set(nameOf(row), { row, pending: release.pending, place: row.place });
      return;
    }
    (row.home === 'due' ? this.leaveDue : this.leaveWaiting).push(row);
    if (release.kind === 'skip') this.skipped.push(row);
    else this.place(row, leaseMs);
  }

  /** The lowest place of a freed lane heads it now; it starts unless a dependency is left. */
  promote(lane: LaneRef, next: DependentRow, leaseMs: number): void {
    this.promoted.push({ ...lane, eventId: next.eventId });
    const pending = this.kept.get(nameOf(next))?.pending ?? next.pending;
    if (pending.length > 0) {
      this.kept.set(nameOf(next), { row: next, pending, place: null });
      return;
    }
    this.kept.delete(nameOf(next));
    this.leaveWaiting.push(next);
    this.place(next, leaseMs);
  }

  blockLane(lane: LaneRef, eventId: string): void {
    this.blocked.push({ ...lane, eventId });
  }

  endLane(lane: LaneRef): void {
    this.ended.push(lane);
  }

  /** Skipped executions that have a lane and no place in it: its head, if they are. */
  skippedHeads(): DependentRow[] {
    return this.skipped.filter((row) => row.laneKey !== null && row.place === null);
  }

  /** Executions that leave `waiting` although they have a place: never the next of their lane. */
  skippedInLanes(): DependentRow[] {
    return this.skipped.filter((row) => row.laneKey !== null);
  }

  /** @throws TransactionAgain where a row was not where it was seen */
  async apply(client: PoolClient, skippedOutcome: number): Promise<void> {
    if (this.isEmpty()) return;
    const stayWaiting = [...this.kept.values()].filter(({ row }) => row.home === 'waiting');
    const stayDue = [...this.kept.values()].filter(({ row }) => row.home === 'due');
    const of = <T, V>(list: readonly T[], value: (item: T) => V): V[] => list.map(value);
    const eventIds = (list: readonly { eventId: string }[]) => of(list, (row) => row.eventId);
    const operationIds = (list: readonly { operationId: number }[]) => of(list, (row) => row.operationId);
    const { rows } = await client.query<Record<string, number>>(
      MOVE([
        eventIds(this.leaveWaiting),
        operationIds(this.leaveWaiting),
        eventIds(this.leaveDue),
        operationIds(this.leaveDue),
        eventIds(this.started),
        operationIds(this.started),
        of(this.started, (row) => row.attempt),
        of(this.started, (row) => row.counted),
        of(this.started, (row) => row.leaseMs),
        eventIds(this.nowDue),
        operationIds(this.nowDue),
        of(this.nowDue, (row) => row.attempt),
        of(this.nowDue, (row) => row.counted),
        of(this.nowDue, (row) => row.laneKey),
        eventIds(this.skipped),
        operationIds(this.skipped),
        of(this.skipped, (row) => row.attempt + 1),
        eventIds(of(stayWaiting, ({ row }) => row)),
        operationIds(of(stayWaiting, ({ row }) => row)),
        of(stayWaiting, ({ pending }) => arrayText(pending)),
        of(stayWaiting, ({ place }) => place),
        eventIds(of(stayDue, ({ row }) => row)),
        operationIds(of(stayDue, ({ row }) => row)),
        of(stayDue, ({ pending }) => arrayText(pending)),
        operationIds(this.promoted),
        of(this.promoted, (lane) => lane.key),
        eventIds(this.promoted),
        operationIds(this.blocked),
        of(this.blocked, (lane) => lane.key),
        eventIds(this.blocked),
        operationIds(this.ended),
        of(this.ended, (lane) => lane.key),
        this.context.dispatcherId,
        skippedOutcome,
      ]),
    );
    const [done] = rows;
    const expected = [this.leaveWaiting.length, this.leaveDue.length, stayWaiting.length, stayDue.length];
    const found = [done?.left_waiting, done?.left_due, done?.kept_waiting, done?.kept_due];
    if (expected.some((count, index) => count !== found[index]))
      throw new TransactionAgain(`planned to move ${expected.join(', ')} rows, found ${found.join(', ')}`);
  }

  /** Placing: at once where a slot is free, else due now. */
  private place(row: DependentRow, leaseMs: number): void {
    if (!this.context.slots.take(row.operationId)) {
      this.nowDue.push(row);
      this.dueNow = true;
      return;
    }
    this.taken.push(row.operationId);
    this.started.push({
      eventId: row.eventId,
      operationId: row.operationId,
      attempt: row.attempt + 1,
      counted: Math.min(row.counted + 1, MAX_COUNTED),
      inputs: null,
      forcedRuns: 0,
      leaseMs,
    });
  }

  private isEmpty(): boolean {
    const lists = [this.leaveWaiting, this.leaveDue, this.promoted, this.blocked, this.ended];
    return this.kept.size === 0 && lists.every((list) => list.length === 0);
  }
}

const nameOf = (row: DependentRow): string => `${row.eventId}/${row.operationId}`;
/** Arrays of arrays are rectangular in SQL: these travel as text. */
const arrayText = (ids: readonly number[]): string => `{${ids.join(',')}}`;
