import type { ExecutionState } from '@bus/contracts';
import type { InMemoryStore } from './in-memory-store';
import { executionName, type AttemptRow, type EventRow, type LaneRow, type QuarantineRow } from './rows';

export interface ExecutionSnapshot {
  eventId: string;
  operationId: number;
  operation: string;
  /** As the view `execution` says; `null`: neither a home nor an end, which is a fault. */
  state: ExecutionState | null;
  /** Of its home, else the last one; 0 = none. */
  attempt: number;
  /** Of its home; `null`: none, or a dead letter. */
  counted: number | null;
  homes: ('in_flight' | 'due' | 'waiting' | 'dead_letter')[];
  dueAtMs: number | null;
  leaseUntilMs: number | null;
  dispatcherId: number | null;
  key: string | null;
  place: number | null;
  /** Operation ids, ascending; `null`: its home has none. */
  pending: number[] | null;
  cause: string | null;
  forcedRuns: number;
}

export interface EventSnapshot extends EventRow {
  cancelled: boolean;
  /** Names of its graph's operations; empty: unrouted. */
  operations: string[];
}

/** All that is stored, in an order of its own: by event id, operation id, attempt. */
export interface StoreSnapshot {
  events: EventSnapshot[];
  executions: ExecutionSnapshot[];
  attempts: (AttemptRow & { operation: string })[];
  lanes: (LaneRow & { operation: string })[];
  quarantine: QuarantineRow[];
  positions: { logId: string; partition: number; nextOffset: bigint }[];
  /** Identities without an event. */
  placeholders: { identity: string; cancelled: boolean; deliverAtMs: number | null }[];
}

export function storeSnapshot(store: InMemoryStore): StoreSnapshot {
  const snapshot: StoreSnapshot = {
    ...{ events: [], executions: [], attempts: [], placeholders: [] },
    lanes: [...store.lanes.values()].map((row) => ({ ...row, operation: nameOf(store, row.operationId) })),
    quarantine: [...store.quarantine.values()],
    positions: [...store.positions].map(([name, nextOffset]) => {
      const at = name.lastIndexOf('/');
      return { logId: name.slice(0, at), partition: Number(name.slice(at + 1)), nextOffset };
    }),
  };
  const events = [...store.events.values()].sort((a, b) => (a.eventId < b.eventId ? -1 : 1));
  for (const event of events) {
    const operations = store.operationsOf(event);
    const cancelled = store.identities.get(event.identity)?.cancelledAtMs != null;
    snapshot.events.push({ ...event, cancelled, operations: operations.map(({ name }) => name) });
    for (const { operationId, name } of operations) {
      snapshot.executions.push(executionSnapshot(store, event.eventId, operationId, name));
      for (const row of store.attempts.get(executionName(event.eventId, operationId)) ?? [])
        snapshot.attempts.push({ ...row, operation: name });
    }
  }
  for (const { identity, eventId, cancelledAtMs, deliverAtMs } of store.identities.values())
    if (eventId === null)
      snapshot.placeholders.push({ identity, cancelled: cancelledAtMs !== null, deliverAtMs });
  return snapshot;
}

function executionSnapshot(
  store: InMemoryStore,
  eventId: string,
  operationId: number,
  operation: string,
): ExecutionSnapshot {
  const name = executionName(eventId, operationId);
  const [inFlight, due, waiting] = [store.inFlight.get(name), store.due.get(name), store.waiting.get(name)];
  const pending = due?.pending ?? waiting?.pending;
  return {
    ...{ eventId, operationId, operation, state: store.stateOf(eventId, operationId) },
    attempt: store.attemptNow(eventId, operationId),
    counted: inFlight?.counted ?? due?.counted ?? waiting?.counted ?? null,
    homes: store.homesOf(eventId, operationId),
    ...{ dueAtMs: due?.dueAtMs ?? null, leaseUntilMs: inFlight?.leaseUntilMs ?? null },
    ...{ dispatcherId: inFlight?.dispatcherId ?? null, key: due?.key ?? waiting?.key ?? null },
    ...{ place: waiting?.place ?? null, pending: pending ? [...pending].sort((a, b) => a - b) : null },
    cause: store.deadLetters.get(name)?.cause ?? null,
    forcedRuns: store.forcedRuns.get(name)?.runs ?? 0,
  };
}

const nameOf = (store: InMemoryStore, operationId: number): string =>
  store.operations.get(operationId)?.name ?? String(operationId);
