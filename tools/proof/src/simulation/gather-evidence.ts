import type { Evidence, ExecutionFacts, StoredEvent } from '../checker/evidence';
import { factsOf } from '../checker/facts-of';
import { explanationOf, positionOf } from './quiet';
import type { World } from './world';

/** All that is known of a world at its end. */
export function gatherEvidence(world: World): Evidence {
  const { store } = world.parts;
  const snapshot = store.snapshot();
  const nameOf = new Map(
    snapshot.events.map((event) => [event.eventId, `${event.source} ${event.messageId}`]),
  );
  const events = snapshot.events.map((event): StoredEvent => {
    const graph = event.graphId === null ? undefined : store.graphs.get(event.graphId);
    const { eventId, type, key, payload: content, deliverAtMs, partition, cancelled, operations } = event;
    return {
      ...{ event: nameOf.get(eventId) ?? '', eventId, type, key, content, deliverAtMs, partition, cancelled },
      ...{ offset: Number(event.offset), operations, timeMs: event.storedAtMs },
      graph: graph?.operations.map((operation) =>
        factsOf(operation, store.operations.get(operation.operationId)?.settings),
      ),
    };
  });
  const executions = snapshot.executions.map((one): ExecutionFacts => {
    const { eventId, operation, operationId, state, homes } = one;
    const explained = explanationOf(world, eventId, operationId);
    return { event: nameOf.get(eventId) ?? '', operation, state, homes, explained };
  });
  const attempts = snapshot.attempts.map((row) => {
    const note = world.book.of(row.eventId, row.operationId, row.attempt);
    const { operation, attempt, outcome, endedAtMs } = row;
    return {
      ...{ event: nameOf.get(row.eventId) ?? '', operation, attempt, outcome, endedMs: endedAtMs },
      startedMs: note?.startedMs ?? null,
      ...(note && { recordedMs: note.startedMs, ends: note.ends }),
      // A dispatcher that has lost its own connection says `unknown`, too, and how long the call took.
      ...(note && row.durationMs === null && { leaseEndsMs: note.leaseEndsMs }),
      ...(note?.nextDueMs !== undefined && { nextDueMs: note.nextDueMs }),
    };
  });
  return {
    publishes: world.publishers.flatMap(({ calls }) => calls).sort((a, b) => a.invokedOrder - b.invokedOrder),
    cancels: world.people.cancels,
    reschedules: world.people.reschedules,
    operations: [...store.operations.values()].map(({ settings }) => factsOf(settings)),
    ...{ events, executions, attempts, effects: world.effects, resources: [], people: world.people.actions },
    quarantined: snapshot.quarantine.map(({ fault, record }) => ({ fault, event: eventOf(record.headers) })),
    partitions: world.broker.partitions.map(({ end }, partition) => ({
      ...{ logId: world.broker.logId, partition, logEnd: Number(end) },
      stored: Number(positionOf(world, partition)),
    })),
    reconcileFaults: store.faults(),
    injected: {
      quarantine: world.people.quarantine,
      ...{ lostCommits: false, clockErrorMs: 0, rssLimitMb: Infinity, connectionLimit: Infinity },
    },
  };
}

function eventOf(headers: readonly (readonly [string, Buffer])[]): string | null {
  const found = new Map(headers);
  const [source, id] = [found.get('ce_source'), found.get('ce_id')];
  return source && id ? `${source.toString()} ${id.toString()}` : null;
}
