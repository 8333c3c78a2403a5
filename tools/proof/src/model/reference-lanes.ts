import type { RunnableOperation } from '@bus/domain';
import type { End, ModelEvent } from './step';

export const DEAD = ['rejected', 'dead'];
export const REJECTS: readonly End[] = ['rejected', 'refused'];
export const DOUBTFUL: readonly End[] = ['faulty', 'other_attempt', 'timeout', 'unknown'];
export const MINUTE_MS = 60_000;

/** One execution as docs/guarantees.md speaks of it: no tables, no places, no sets that somebody has to keep right. */
export interface Run {
  event: ModelEvent;
  operation: RunnableOperation;
  ended: 'completed' | 'skipped' | 'rejected' | 'dead' | 'cancelled' | null;
  flying: boolean;
  /** It waits for this time; `null`: for something else. */
  time: number | null;
  attempt: number;
  counted: number;
  /** An attempt has ended other than by a skip: its call may have left. */
  started: boolean;
  /** Names of what has to end before it. */
  needs: Set<string>;
}

/** Who is in which lane: a list, its head first. */
export abstract class ReferenceLanes {
  protected readonly queues = new Map<string, Run[]>();

  protected join(run: Run): void {
    const { key } = run.event;
    if (!run.operation.ordered || key === null || this.queue(run)?.includes(run)) return;
    const lane = `${run.operation.operationId}/${key}`;
    this.queues.set(lane, [...(this.queues.get(lane) ?? []), run]);
  }

  protected leave(run: Run): void {
    const queue = this.queue(run);
    if (queue?.includes(run)) queue.splice(queue.indexOf(run), 1);
  }

  protected queue(run: Run): Run[] | undefined {
    if (!run.operation.ordered || run.event.key === null) return undefined;
    return this.queues.get(`${run.operation.operationId}/${run.event.key}`);
  }
}
