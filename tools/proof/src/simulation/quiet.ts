import type { InMemoryStore } from '@bus/store/testing';
import type { ExecutionFacts } from '../checker/evidence';
import type { World } from './world';

/** Due so far ahead, nobody waits for it here. */
const FAR_AHEAD_MS = 10 * 60_000;

/** Nothing is under way any more, and nothing will be by itself. */
export function isQuiet(world: World): boolean {
  const { publishers, people, services, parts } = world;
  const { store } = parts;
  if (people.underWay > 0 || !publishers.every(({ isDone }) => isDone) || store.inFlight.size > 0)
    return false;
  for (const service of services.values()) if (service.underWay > 0) return false;
  if (!world.broker.partitions.every(({ end }, number) => positionOf(world, number) === end)) return false;
  for (const { eventId, operationId } of store.due.values())
    if (explanationOf(world, eventId, operationId) === null) return false;
  for (const { eventId, operationId } of store.waiting.values())
    if (explanationOf(world, eventId, operationId) === null) return false;
  return true;
}

export function positionOf({ parts, broker }: World, partition: number): bigint {
  return parts.store.positions.get(`${broker.logId}/${partition}`) ?? 0n;
}

/** Why an execution waits for something that does not happen by itself; `null`: it does not. */
export function explanationOf(
  world: World,
  eventId: string,
  operationId: number,
): ExecutionFacts['explained'] {
  const { store } = world.parts;
  const name = `${eventId}/${operationId}`;
  const due = store.due.get(name);
  if (due) return explainDue(world, operationId, due.dueAtMs);
  const waiting = store.waiting.get(name);
  if (!waiting) return null;
  for (const id of waiting.pending)
    if (store.deadLetters.has(`${eventId}/${id}`) || explanationOf(world, eventId, id) !== null)
      return 'dependency_dead';
  return waiting.place === null ? null : explainLane(world, store, operationId, waiting.key ?? '');
}

function explainDue(world: World, operationId: number, dueAtMs: number): ExecutionFacts['explained'] {
  const state = world.parts.store.operations.get(operationId)?.state;
  if (state === 'paused' || state === 'disabled') return state;
  return dueAtMs > world.databaseMs() + FAR_AHEAD_MS ? 'due_later' : null;
}

function explainLane(
  world: World,
  store: InMemoryStore,
  operationId: number,
  key: string,
): ExecutionFacts['explained'] {
  const lane = store.lanes.get(`${operationId}/${key}`);
  if (!lane) return null;
  if (lane.blockedBy !== null) return 'lane_blocked';
  const head = explanationOf(world, lane.headEventId, operationId);
  if (head === 'paused' || head === 'disabled') return head;
  return head === null ? null : 'lane_blocked';
}
