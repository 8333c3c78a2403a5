import type { TimelineExecution } from '@bus/store';

/**
 * What an execution waits for, in words for support; `null`: for nothing, it has ended.
 * @param readAt the database's clock when it was read
 */
export function waitingWords(execution: TimelineExecution, readAt: Date): string | null {
  switch (execution.state) {
    case 'scheduled':
      return dueWords(execution, readAt, 'starts');
    case 'retrying':
      return `attempt ${execution.attempt} did not succeed; ${dueWords(execution, readAt, 'the next one starts')}`;
    case 'in_flight':
      return runningWords(execution);
    case 'waiting':
    case 'held':
      return reasons(execution).join('; ') || 'its turn';
    default:
      return null;
  }
}

function dueWords({ dueAt }: TimelineExecution, readAt: Date, what: string): string {
  if (dueAt === null || dueAt <= readAt) return `${what} as soon as there is a free slot`;
  return `${what} at ${dueAt.toISOString()}`;
}

function runningWords({ attempt, leaseUntil }: TimelineExecution): string {
  const until =
    leaseUntil === null ? '' : `; without an end by ${leaseUntil.toISOString()} it is tried again`;
  return `the answer of attempt ${attempt}${until}`;
}

function reasons({ operationState, dependencies, lane }: TimelineExecution): string[] {
  const dead = dependencies.filter((dependency) => dependency.dead).map(({ operation }) => operation);
  const pending = dependencies.filter((dependency) => !dependency.dead).map(({ operation }) => operation);
  return [
    ...(operationState === 'paused' ? ['a person: the operation is paused'] : []),
    ...(operationState === 'disabled' ? ['a person: the operation is disabled'] : []),
    ...(dead.length > 0 ? [`a person: ${dead.join(', ')} died`] : []),
    ...(pending.length > 0 ? [`the end of ${pending.join(', ')}`] : []),
    ...(lane ? [laneWords(lane)] : []),
  ];
}

function laneWords({ key, head, blocked }: NonNullable<TimelineExecution['lane']>): string {
  const before = head.messageId === '' ? head.eventId : `${head.messageId} of ${head.source}`;
  return blocked
    ? `a person: ${before} died and blocks the lane of key ${key}`
    : `its turn in the lane of key ${key}, behind ${before}`;
}
