import type { DependentRow } from '@bus/domain';
import type { DueRow, WaitingRow } from './rows';

/** A row as the rules of release see it. */
export function toDependent(row: DueRow | WaitingRow, home: DependentRow['home']): DependentRow {
  const { eventId, operationId, attempt, counted, key: laneKey, pending } = row;
  const place = 'place' in row && row.place !== null ? String(row.place) : null;
  return { eventId, operationId, home, attempt, counted, laneKey, place, pending };
}

/** By event id, then operation id: the order in which rows are locked. */
export function inOrder<R extends { eventId: string; operationId: number }>(rows: Iterable<R>): R[] {
  return [...rows].sort((a, b) =>
    a.eventId === b.eventId ? a.operationId - b.operationId : a.eventId < b.eventId ? -1 : 1,
  );
}
