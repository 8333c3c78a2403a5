import type { PlannedEvent, StartedExecution } from '../../event-inbox';

/** What placing has to know of an event. */
export interface PlacedEvent {
  event: Pick<PlannedEvent['event'], 'eventId'>;
  executions: PlannedEvent['executions'];
}

/** An event's place in the batch (from 1) with one of its executions. */
interface PlannedRow {
  n: number;
  execution: PlannedEvent['executions'][number];
}

/** What a batch plans, by destination: one array each, since one array with a column to filter by makes the planner
 *  guess one row and join quadratically. Rows stand in the order of the log. */
export interface PlannedRows {
  /** No lane, nothing pending, a slot: to `in_flight`. */
  started: PlannedRow[];
  /** A delay, or no slot and no lane: to `due`. */
  due: (PlannedRow & { at: string | null; plusMs: number })[];
  /** No lane, dependencies pending: to `waiting`. */
  waiting: PlannedRow[];
  /** Now, and ordered: the lane decides. */
  laned: (PlannedRow & { key: string; slot: boolean })[];
  skipped: (PlannedRow & { code: 'filtered' | 'disabled' })[];
}

export function planRows(events: readonly PlacedEvent[]): PlannedRows {
  const rows: PlannedRows = { started: [], due: [], waiting: [], laned: [], skipped: [] };
  events.forEach((event, index) => {
    const n = index + 1;
    for (const execution of event.executions) {
      const { start, laneKey, pending } = execution;
      if (start.kind === 'skipped') rows.skipped.push({ n, execution, code: start.code });
      else if (start.kind === 'later') rows.due.push({ n, execution, at: start.at, plusMs: start.plusMs });
      else if (laneKey !== null) rows.laned.push({ n, execution, key: laneKey, slot: start.slot });
      else if (pending.length > 0) rows.waiting.push({ n, execution });
      else if (start.slot) rows.started.push({ n, execution });
      else rows.due.push({ n, execution, at: null, plusMs: 0 });
    }
  });
  return rows;
}

/** The executions that started. @param runs by event in batch order  @param laned 1-based places within `rows.laned` */
export function startedExecutions(
  events: readonly PlacedEvent[],
  rows: PlannedRows,
  runs: readonly boolean[],
  laned: readonly number[],
): StartedExecution[] {
  return [
    ...rows.started.filter((row) => runs[row.n - 1]),
    ...laned.map((place) => rows.laned[place - 1]),
  ].map((row) => ({
    eventId: events[row.n - 1].event.eventId,
    operationId: row.execution.operationId,
  }));
}
