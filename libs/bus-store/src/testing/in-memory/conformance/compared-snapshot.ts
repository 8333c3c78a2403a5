import type { StoreSnapshot } from '../store-snapshot';

/** What is stored, in terms that do not depend on the store: messages, operations by name, times in minutes from now. */
export interface ComparedSnapshot {
  executions: {
    m: string;
    op: string;
    state: string | null;
    attempt: number;
    counted: number | null;
    homes: string;
    dueMin: number | null;
    leaseMin: number | null;
    key: string | null;
    place: number | null;
    pending: string | null;
    cause: string | null;
    forced: number;
  }[];
  attempts: {
    m: string;
    op: string;
    attempt: number;
    outcome: string;
    code: string | null;
    output: unknown;
  }[];
  lanes: { op: string; key: string; head: string; next: number; blocked: string | null }[];
  events: { m: string; cancelled: boolean; dueMin: number | null; routed: boolean }[];
  quarantine: { offset: string; fault: string }[];
  placeholders: { cancelled: boolean; dueMin: number | null; identity: string }[];
  positions: string[];
}

const minutes = (ms: number | null, nowMs: number): number | null =>
  // + 0: minus zero is zero
  ms === null ? null : Math.round((ms - nowMs) / 60_000) + 0;

/** In one order, whatever the store's own is. */
export function sorted(snapshot: ComparedSnapshot): ComparedSnapshot {
  for (const list of Object.values(snapshot)) if (Array.isArray(list)) list.sort(byText);
  return snapshot;
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

export function comparedSnapshot(store: StoreSnapshot, nowMs: number): ComparedSnapshot {
  const messageOf = new Map(store.events.map((event) => [event.eventId, event.messageId]));
  const nameOf = new Map(store.executions.map((row) => [row.operationId, row.operation]));
  const m = (eventId: string) => messageOf.get(eventId) ?? eventId;
  return sorted({
    executions: store.executions.map((row) => ({
      ...{ m: m(row.eventId), op: row.operation, state: row.state, attempt: row.attempt },
      ...{ counted: row.counted, homes: row.homes.join() },
      ...{ dueMin: minutes(row.dueAtMs, nowMs), leaseMin: minutes(row.leaseUntilMs, nowMs) },
      ...{ key: row.key, place: row.place },
      pending:
        row.pending
          ?.map((id) => nameOf.get(id))
          .sort()
          .join() ?? null,
      ...{ cause: row.cause, forced: row.forcedRuns },
    })),
    attempts: store.attempts.map((row) => ({
      ...{ m: m(row.eventId), op: row.operation, attempt: row.attempt, outcome: row.outcome, code: row.code },
      output: row.output === null ? null : (JSON.parse(row.output) as unknown),
    })),
    lanes: store.lanes.map((row) => ({
      ...{ op: row.operation, key: row.key, head: m(row.headEventId), next: row.nextPlace },
      blocked: row.blockedBy === null ? null : m(row.blockedBy),
    })),
    events: store.events.map((row) => ({
      ...{ m: row.messageId, cancelled: row.cancelled, dueMin: minutes(row.deliverAtMs, nowMs) },
      routed: row.graphId !== null,
    })),
    quarantine: store.quarantine.map((row) => ({ offset: String(row.record.offset), fault: row.fault })),
    placeholders: store.placeholders.map((row) => ({
      ...{ identity: row.identity, cancelled: row.cancelled, dueMin: minutes(row.deliverAtMs, nowMs) },
    })),
    positions: [...store.positions]
      .sort((a, b) => a.partition - b.partition)
      .map(({ nextOffset }) => String(nextOffset)),
  });
}
