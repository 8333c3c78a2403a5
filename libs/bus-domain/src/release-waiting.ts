import type { RunnableGraph } from './runnable-graph';

/** How an operation ended, as its dependents see it: a skipped one counts as satisfied, without an output. */
export interface EndedOperation {
  eventId: string;
  operationId: number;
  end: 'satisfied' | 'dead';
}

/** Where an execution waits that depends, directly or not, on one that ended. */
export interface DependentRow {
  eventId: string;
  operationId: number;
  home: 'due' | 'waiting';
  /** The last attempt; 0 = none. */
  attempt: number;
  counted: number;
  /** Key of its lane; `null`: no lane. */
  laneKey: string | null;
  /** Its place behind the head of its lane; `null`: the head, or no lane. */
  place: string | null;
  /** Operation ids that have not ended yet, or died under `block`. */
  pending: readonly number[];
}

/** `keep`: stays where it is with fewer reasons. `place`: nothing holds it any more. `skip`: ends without a call. */
export type Release =
  | { kind: 'keep'; row: DependentRow; pending: number[] }
  | { kind: 'place'; row: DependentRow }
  | { kind: 'skip'; row: DependentRow };

/**
 * Who may go now that `ended` have ended. `pending` is a set, so saying an end twice changes nothing.
 * A delayed row (`due`) keeps waiting for its time even with nothing pending. A dependent that is skipped satisfies its
 * own dependents, all the way down. Rows that do not change are left out.
 * @param rows all direct and indirect dependents of `ended` that are in `due` or `waiting`
 */
export function releaseWaiting(
  ended: readonly EndedOperation[],
  rows: readonly DependentRow[],
  graphOf: (eventId: string) => RunnableGraph,
): Release[] {
  const rowOf = new Map(rows.map((row) => [nameOf(row.eventId, row.operationId), row]));
  const pendingOf = new Map<DependentRow, Set<number>>();
  const skipped = new Set<DependentRow>();
  const work = [...ended];

  for (let next = work.shift(); next; next = work.shift()) {
    const graph = graphOf(next.eventId);
    for (const dependentId of graph.dependents.get(next.operationId) ?? []) {
      const row = rowOf.get(nameOf(next.eventId, dependentId));
      if (!row || skipped.has(row)) continue;
      const pending = pendingOf.get(row) ?? new Set(row.pending);
      if (!pending.has(next.operationId)) continue;
      const onDead = graph.byId.get(dependentId)?.onDependencyDead ?? 'block';
      if (next.end === 'dead' && onDead === 'block') continue;
      if (next.end === 'dead' && onDead === 'skip') {
        skipped.add(row);
        work.push({ eventId: row.eventId, operationId: dependentId, end: 'satisfied' });
        continue;
      }
      pending.delete(next.operationId);
      pendingOf.set(row, pending);
    }
  }

  return rows.flatMap((row): Release[] => {
    if (skipped.has(row)) return [{ kind: 'skip', row }];
    const pending = pendingOf.get(row);
    if (!pending) return [];
    const free = pending.size === 0 && row.home === 'waiting' && row.place === null;
    return free ? [{ kind: 'place', row }] : [{ kind: 'keep', row, pending: [...pending] }];
  });
}

/** Ids of all that depend on an operation, directly or not. */
export function allDependents(graph: RunnableGraph, operationId: number): number[] {
  const found = new Set<number>();
  const work = [...(graph.dependents.get(operationId) ?? [])];
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    work.push(...(graph.dependents.get(next) ?? []));
  }
  return [...found];
}

const nameOf = (eventId: string, operationId: number): string => `${eventId}/${operationId}`;
