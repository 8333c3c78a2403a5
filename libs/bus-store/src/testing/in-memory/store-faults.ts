import type { InMemoryStore } from './in-memory-store';
import { executionName, laneName, type EventRow, type WaitingRow } from './rows';

/** Breaches of what must hold after every transaction, for people; empty: none. */
export function storeFaults(store: InMemoryStore): string[] {
  const faults: string[] = store.illegalMoves.map(
    ({ eventId, operationId, from, to }) => `${eventId}/${operationId} went from ${from} to ${to}`,
  );
  for (const event of store.events.values())
    for (const operation of store.operationsOf(event)) checkExecution(store, event, operation, faults);
  for (const lane of store.lanes.values()) checkLane(store, lane.operationId, lane.key, faults);
  for (const rows of [store.inFlight, store.due, store.waiting, store.deadLetters])
    for (const { eventId, operationId } of rows.values())
      if (!store.operationsOf(store.events.get(eventId)).some((one) => one.operationId === operationId))
        faults.push(`${eventId}/${operationId} has a home, but is not of a stored event's graph`);
  return faults;
}

function checkExecution(
  store: InMemoryStore,
  event: EventRow,
  operation: { operationId: number; name: string; ordered: boolean },
  faults: string[],
): void {
  const { eventId } = event;
  const { operationId } = operation;
  const name = executionName(eventId, operationId);
  const homes = store.homesOf(eventId, operationId);
  const cancelled = store.identities.get(event.identity)?.cancelledAtMs != null;
  const attempts = store.attempts.get(name) ?? [];
  const last = attempts.at(-1);
  if (homes.length > 1) faults.push(`${name} has two homes: ${homes.join(', ')}`);
  if (homes.length > 0 && cancelled) faults.push(`${name} is cancelled and in ${homes.join(', ')}`);
  if (homes.length === 0 && store.rowState(eventId, operationId) === null)
    faults.push(`${name} has neither a home nor an end`);
  if (cancelled && attempts.some(({ outcome }) => outcome !== 'skipped'))
    faults.push(`${name} is cancelled after an attempt`);
  const inFlight = store.inFlight.get(name);
  if (inFlight && last && inFlight.attempt <= last.attempt)
    faults.push(`${name} runs attempt ${inFlight.attempt} after attempt ${last.attempt} ended`);
  const waiting = store.waiting.get(name);
  if (waiting) checkWaiting(store, event, operation.ordered, waiting, faults);
  const key = operation.ordered ? event.key : null;
  const running = inFlight !== undefined && key !== null;
  if (running && store.lanes.get(laneName(operationId, key))?.headEventId !== eventId)
    faults.push(`${name} runs and does not head its lane`);
}

function checkWaiting(
  store: InMemoryStore,
  event: EventRow,
  ordered: boolean,
  row: WaitingRow,
  faults: string[],
): void {
  const name = executionName(row.eventId, row.operationId);
  if (row.place === null && row.pending.length === 0) faults.push(`${name} waits for nothing`);
  const key = ordered ? event.key : null;
  if (key !== row.key) faults.push(`${name} waits with key ${row.key}, its lane's is ${key}`);
  if (key !== null) {
    const lane = store.lanes.get(laneName(row.operationId, key));
    if (!lane) faults.push(`${name} waits in a lane that is not there`);
    else if ((lane.headEventId === row.eventId) !== (row.place === null))
      faults.push(`${name} has place ${row.place} in a lane that ${lane.headEventId} heads`);
    else if (row.place !== null && row.place >= lane.nextPlace)
      faults.push(`${name} has place ${row.place}, the next one is ${lane.nextPlace}`);
  }
  // A dependency that ended satisfied must have left `pending`; a dead one holds it.
  for (const id of row.pending)
    if (store.homesOf(row.eventId, id).length === 0)
      faults.push(`${name} waits for operation ${id}, which has ended`);
}

function checkLane(store: InMemoryStore, operationId: number, key: string, faults: string[]): void {
  const lane = store.lanes.get(laneName(operationId, key));
  if (!lane) return;
  const homes = store.homesOf(lane.headEventId, operationId);
  const name = `lane ${operationId}/${key}`;
  if (homes.length === 0) faults.push(`${name} is headed by ${lane.headEventId}, which has no home`);
  const dead = homes.includes('dead_letter');
  if (dead && lane.blockedBy === null) faults.push(`${name} is headed by a dead letter and not blocked`);
  if (lane.blockedBy !== null && !(dead && lane.blockedBy === lane.headEventId))
    faults.push(`${name} is blocked by ${lane.blockedBy}, which is no dead letter at its head`);
}
