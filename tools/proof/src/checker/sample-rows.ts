import type { Evidence } from './evidence';

/** Rows of the sample that a spec spoils. @throws Error where there is none: the sample has changed */
export const effect = (evidence: Evidence, event: string, operation: string) =>
  found(evidence.effects, (row) => row.event === event && row.operation === operation);
export const attempt = (evidence: Evidence, event: string, operation: string) =>
  found(evidence.attempts, (row) => row.event === event && row.operation === operation);
export const execution = (evidence: Evidence, event: string, operation: string) =>
  found(evidence.executions, (row) => row.event === event && row.operation === operation);
export const stored = (evidence: Evidence, event: string) =>
  found(evidence.events, (row) => row.event === event);

function found<T>(rows: readonly T[], wanted: (row: T) => boolean): T {
  const row = rows.find(wanted);
  if (!row) throw new Error('the sample has no such row');
  return row;
}
