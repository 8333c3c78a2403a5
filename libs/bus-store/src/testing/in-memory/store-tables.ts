import type { ExecutionState } from '@bus/contracts';
import { isLegalMove, type StateBefore } from '@bus/domain';
import {
  byDueTime,
  executionName,
  laneName,
  type AttemptRow,
  type DeadLetterRow,
  type DueRow,
  type EventRow,
  type ExecutionMove,
  type GraphRow,
  type IdentityRow,
  type InFlightRow,
  type InMemoryStoreOptions,
  type LaneRow,
  type OperationRow,
  type QuarantineRow,
  type WaitingRow,
} from './rows';
import { TakenKeyError } from './taken-key.errors';

interface Touched {
  eventId: string;
  operationId: number;
  from: StateBefore;
}

/** The store's tables as maps, with their keys and indexes, and transactions that are undone when they throw. */
export abstract class StoreTables {
  readonly events = new Map<string, EventRow>();
  readonly identities = new Map<string, IdentityRow>();
  readonly inFlight = new Map<string, InFlightRow>();
  readonly due = new Map<string, DueRow>();
  readonly waiting = new Map<string, WaitingRow>();
  readonly lanes = new Map<string, LaneRow>();
  /** By execution, ascending. */
  readonly attempts = new Map<string, AttemptRow[]>();
  readonly deadLetters = new Map<string, DeadLetterRow>();
  readonly quarantine = new Map<string, QuarantineRow>();
  /** By `<log id>/<partition>`. */
  readonly positions = new Map<string, bigint>();
  readonly operations = new Map<number, OperationRow>();
  readonly graphs = new Map<number, GraphRow>();
  /** By execution: how often it was forced, and its last attempt before. */
  readonly forcedRuns = new Map<string, { runs: number; attempt: number }>();
  /** Moves that the table of states does not have. */
  readonly illegalMoves: ExecutionMove[] = [];
  /** Of the configuration. */
  revision = 1;

  /** `due` by operation, in the order of claims. */
  protected readonly dueOrder = new Map<number, DueRow[]>();
  /** Rows of `waiting` that have a place, by lane. */
  protected readonly placed = new Map<string, Set<WaitingRow>>();
  private undo: (() => void)[] = [];
  private touched = new Map<string, Touched>();
  private ticks = 0;

  constructor(protected readonly options: InMemoryStoreOptions) {}

  protected nowMs(): number {
    return this.options.nowMs();
  }

  /** The clock as a time of `due`: two readings never tie. */
  protected clockTime(plusMs = 0): Pick<DueRow, 'dueAtMs' | 'tick'> {
    return { dueAtMs: this.nowMs() + plusMs, tick: (this.ticks += 1) };
  }

  /** One transaction: all of `work`, or nothing of it where it throws. */
  protected transaction<T>(work: () => T): T {
    this.undo = [];
    this.touched = new Map();
    let value: T;
    try {
      value = work();
    } catch (error) {
      for (let at = this.undo.length - 1; at >= 0; at -= 1) this.undo[at]();
      throw error;
    }
    this.tellMoves();
    return value;
  }

  /** @param row replaced as a whole: rows are never changed in place */
  protected set<K, V>(table: Map<K, V>, key: K, row: V): void {
    const before = table.get(key);
    table.set(key, row);
    this.undo.push(before === undefined ? () => table.delete(key) : () => table.set(key, before));
  }

  protected remove<K, V>(table: Map<K, V>, key: K): void {
    const before = table.get(key);
    if (before === undefined) return;
    table.delete(key);
    this.undo.push(() => table.set(key, before));
  }

  protected insertInFlight(row: InFlightRow): void {
    this.insertHome('in_flight', this.inFlight, row);
  }

  protected deleteInFlight(row: InFlightRow): void {
    this.deleteHome(this.inFlight, row);
  }

  protected insertDue(row: DueRow): void {
    this.insertHome('due', this.due, row);
    this.addDue(row);
    this.undo.push(() => this.dropDue(row));
  }

  protected deleteDue(row: DueRow): void {
    this.deleteHome(this.due, row);
    this.dropDue(row);
    this.undo.push(() => this.addDue(row));
  }

  protected insertWaiting(row: WaitingRow): void {
    this.insertHome('waiting', this.waiting, row);
    this.addPlaced(row);
    this.undo.push(() => this.dropPlaced(row));
  }

  protected deleteWaiting(row: WaitingRow): void {
    this.deleteHome(this.waiting, row);
    this.dropPlaced(row);
    this.undo.push(() => this.addPlaced(row));
  }

  protected insertDeadLetter(row: DeadLetterRow): void {
    this.insertHome('dead_letter', this.deadLetters, row);
  }

  protected deleteDeadLetter(row: DeadLetterRow): void {
    this.deleteHome(this.deadLetters, row);
  }

  protected insertAttempt(row: AttemptRow): void {
    const name = this.touch(row.eventId, row.operationId);
    const before = this.attempts.get(name) ?? [];
    if (before.some(({ attempt }) => attempt === row.attempt))
      throw new TakenKeyError('attempt', `${name}/${row.attempt}`);
    this.set(
      this.attempts,
      name,
      [...before, row].sort((a, b) => a.attempt - b.attempt),
    );
  }

  /** Notes what an execution was before this transaction. @param from default: as its rows say @returns its name */
  protected touch(eventId: string, operationId: number, from?: StateBefore): string {
    const name = executionName(eventId, operationId);
    if (!this.touched.has(name))
      this.touched.set(name, {
        ...{ eventId, operationId },
        from: from ?? this.rowState(eventId, operationId) ?? 'new',
      });
    return name;
  }

  /**
   * The state by an execution's own rows and what they wait for: as the view says, but for a paused or disabled
   * operation, whose due rows are `scheduled` or `retrying` here: a pause is no move.
   */
  rowState(eventId: string, operationId: number): ExecutionState | null {
    const name = executionName(eventId, operationId);
    if (this.inFlight.has(name)) return 'in_flight';
    const due = this.due.get(name);
    if (due) return due.attempt > 0 ? 'retrying' : 'scheduled';
    const waiting = this.waiting.get(name);
    if (waiting) return this.isHeld(waiting) ? 'held' : 'waiting';
    const dead = this.deadLetters.get(name);
    if (dead) return dead.cause === 'rejected' ? 'rejected' : 'dead';
    const last = this.attempts.get(name)?.at(-1);
    if (last) return last.outcome === 'completed' || last.outcome === 'skipped' ? last.outcome : null;
    const event = this.events.get(eventId);
    return event && this.identities.get(event.identity)?.cancelledAtMs != null ? 'cancelled' : null;
  }

  private isHeld(row: WaitingRow): boolean {
    for (const id of row.pending) if (this.deadLetters.has(executionName(row.eventId, id))) return true;
    if (row.place === null || row.key === null) return false;
    return (this.lanes.get(laneName(row.operationId, row.key))?.blockedBy ?? null) !== null;
  }

  private tellMoves(): void {
    for (const { eventId, operationId, from } of this.touched.values()) {
      const to = this.rowState(eventId, operationId);
      if (to === from) continue;
      const move = { eventId, operationId, from, to, legal: to !== null && isLegalMove(from, to) };
      if (!move.legal) this.illegalMoves.push(move);
      this.options.onMove?.(move);
    }
  }

  private insertHome<R extends { eventId: string; operationId: number }>(
    table: string,
    rows: Map<string, R>,
    row: R,
  ): void {
    const name = this.touch(row.eventId, row.operationId);
    if (rows.has(name)) throw new TakenKeyError(table, name);
    this.set(rows, name, row);
  }

  private deleteHome<R extends { eventId: string; operationId: number }>(rows: Map<string, R>, row: R): void {
    this.remove(rows, this.touch(row.eventId, row.operationId));
  }

  private addDue(row: DueRow): void {
    const rows = this.dueOrder.get(row.operationId);
    if (!rows) {
      this.dueOrder.set(row.operationId, [row]);
      return;
    }
    let at = rows.length;
    while (at > 0 && byDueTime(row, rows[at - 1]) < 0) at -= 1;
    rows.splice(at, 0, row);
  }

  private dropDue(row: DueRow): void {
    const rows = this.dueOrder.get(row.operationId);
    const at = rows?.indexOf(row) ?? -1;
    if (at >= 0) rows?.splice(at, 1);
  }

  private addPlaced(row: WaitingRow): void {
    if (row.place === null || row.key === null) return;
    const lane = laneName(row.operationId, row.key);
    const rows = this.placed.get(lane);
    if (rows) rows.add(row);
    else this.placed.set(lane, new Set([row]));
  }

  private dropPlaced(row: WaitingRow): void {
    if (row.place === null || row.key === null) return;
    const lane = laneName(row.operationId, row.key);
    const rows = this.placed.get(lane);
    rows?.delete(row);
    if (rows?.size === 0) this.placed.delete(lane);
  }
}
