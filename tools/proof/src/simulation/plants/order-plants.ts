import {
  type DependentRow,
  type EndedOperation,
  executionIdOf,
  type Release,
  type RunnableGraph,
} from '@bus/domain';
import type { AttemptEnd, DispatchContext, ExecutionLedger } from '@bus/store';
import { InMemoryStore, type InMemoryStoreOptions } from '@bus/store/testing';
import { WorldParts, type Site } from '../world-parts';
import type { PlannedAction, WorldPlan } from '../world-plan';
import { around } from './around';
import { onOneKey, withCalls, withOperations, type Plant } from './plant';

/** All unordered but the last ones, which depend on the first. */
function lanesBehindDependency(plan: WorldPlan): WorldPlan {
  const [first] = plan.operations;
  return withCalls(
    withOperations(onOneKey(plan), ({ name, eventType }) => ({
      ...{ filter: null, delayMs: 0, ratePerSecond: null, ordered: name !== first.name },
      dependsOn: name !== first.name && eventType === first.eventType ? [first.name] : [],
    })),
    { retry: 0.3 },
  );
}

class StoreWithLatePlaces extends InMemoryStore {
  protected override takesPlaceAtIngest(pending: readonly number[]): boolean {
    return pending.length === 0;
  }

  /** It joins its lane when it is claimed. */
  protected override startsWhenReleased({ laneKey }: DependentRow): boolean {
    return laneKey === null;
  }
}

class PlacesAtReadiness extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    return lanesBehindDependency(plan);
  }

  override makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new StoreWithLatePlaces(options);
  }
}

class StoreWithoutLanes extends InMemoryStore {
  protected override headsLane(): boolean {
    return true;
  }
}

class OrderByClaim extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    return withCalls(
      withOperations(onOneKey(plan), () => ({ ordered: true, filter: null, delayMs: 0, dependsOn: [] })),
      { retry: 0.3 },
    );
  }

  override makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new StoreWithoutLanes(options);
  }
}

class StoreWithCounters extends InMemoryStore {
  protected override releases(
    ended: readonly EndedOperation[],
    rows: readonly DependentRow[],
    graphOf: (eventId: string) => RunnableGraph,
  ): Release[] {
    const counted = rows.flatMap((row): EndedOperation[] => {
      const dependencies = graphOf(row.eventId).dependencies.get(row.operationId) ?? [];
      const twice = ended.some(
        ({ eventId, operationId, end }) =>
          eventId === row.eventId &&
          end === 'satisfied' &&
          dependencies.includes(operationId) &&
          !row.pending.includes(operationId),
      );
      return twice
        ? row.pending
            .slice(0, 1)
            .map((operationId) => ({ eventId: row.eventId, operationId, end: 'satisfied' }))
        : [];
    });
    return super.releases([...ended, ...counted], rows, graphOf);
  }
}

class DependencyCounter extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    const [first, second, ...rest] = plan.operations;
    const changed = withCalls(
      withOperations(plan, ({ name, eventType }) => {
        const isBehind = rest.some((other) => other.name === name) && eventType === first.eventType;
        return {
          ...{
            filter: null,
            delayMs: 0,
            ratePerSecond: null,
            ordered: false,
            concurrency: 64,
            effect: 'at_least_once' as const,
          },
          dependsOn: isBehind ? [first.name, second.name] : [],
          retry: { ...first.retry, maxAttempts: null, backoffMs: 4000, backoffCapMs: 5000 },
        };
      }),
      { retry: 0.5 },
    );
    const forced = Array.from({ length: 60 }, (_, index): PlannedAction => {
      return { atMs: 1000 + index * 200, kind: 'force', pick: ((index * 7) % 60) / 60 };
    });
    return { ...changed, actions: forced };
  }

  override makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new StoreWithCounters(options);
  }
}

class DependentBeforeCommit extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    return withOperations(plan, ({ name, eventType }) => {
      const [first] = plan.operations;
      return { dependsOn: name !== first.name && eventType === first.eventType ? [first.name] : [] };
    });
  }

  override linkedLedger(linked: ExecutionLedger, { world }: Site): ExecutionLedger {
    const startDependents = ({ eventId, operationId, graphId, outcome }: AttemptEnd) => {
      const { store } = world.parts;
      const event = store.events.get(eventId);
      if (!event || outcome !== 'completed') return;
      const graph = store.graphOf(graphId);
      for (const dependentId of graph.dependents.get(operationId) ?? []) {
        const operation = graph.byId.get(dependentId)?.name ?? '';
        const { messageId, source, type, key, occurredAt } = event;
        const fate = { durationMs: 0, answer: 'completed' as const, diesAfterSuccess: false };
        world.network.serviceOf(operation).handle(
          {
            ...{ contract: 1, operation, executionId: executionIdOf(event, operation), attempt: 1 },
            ...{ deadlineMs: 5000, effect: 'at_least_once', traceparent: '' },
            event: { messageId, source, type, key, payload: JSON.parse(event.payload), occurredAt },
          },
          fate,
          () => undefined,
        );
      }
    };
    return around(linked, {
      close: (ends, context: DispatchContext) => {
        ends.forEach(startDependents);
        return linked.close(ends, context);
      },
    });
  }
}

/** One claim looks at so many due rows, whatever operation they are of. */
const LOOKED_AT = 3;

class SharedClaims extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    const [first] = plan.operations;
    const paused: PlannedAction = { atMs: 0, kind: 'state', operation: first.name, state: 'paused' };
    const changed = withOperations(withCalls(plan, { retry: 0.3 }), ({ name }) => {
      return name === first.name ? { ordered: false, filter: null, dependsOn: [] } : { dependsOn: [] };
    });
    return { ...changed, actions: [paused], leftPaused: [first.name] };
  }

  override ledger(inner: ExecutionLedger, { world }: Site): ExecutionLedger {
    return around(inner, {
      claim: (rooms, context) => {
        const nowMs = world.databaseMs();
        const due = [...world.parts.store.due.values()].filter(({ dueAtMs }) => dueAtMs <= nowMs);
        const first = due.sort((a, b) => a.dueAtMs - b.dueAtMs || a.tick - b.tick).slice(0, LOOKED_AT);
        const seen = new Set(first.map(({ operationId }) => operationId));
        return inner.claim(
          rooms.filter(({ operationId }) => seen.has(operationId)),
          context,
        );
      },
    });
  }
}

export const orderPlants: Plant[] = [
  {
    name: 'trap 15: one operation’s due rows hide the others',
    guarantee: 'G10',
    breaks: 'a claim looks at the first due rows of all operations together',
    build: (world) => new SharedClaims(world),
  },
  {
    name: 'trap 17: places at readiness',
    guarantee: 'G5',
    breaks:
      'an execution takes its place in the lane when its dependencies have ended, not when it is stored',
    build: (world) => new PlacesAtReadiness(world),
  },
  {
    name: 'SKIP LOCKED as order',
    guarantee: 'G5',
    breaks: 'nothing waits for the head of its lane; claims take what is due first',
    build: (world) => new OrderByClaim(world),
  },
  {
    name: 'dependency counter instead of set',
    guarantee: 'G6',
    breaks: 'a dependency that ends twice counts twice',
    build: (world) => new DependencyCounter(world),
  },
  {
    name: 'dependent started before commit',
    guarantee: 'G6',
    breaks: 'dependents are called before the end of what they depend on is committed',
    build: (world) => new DependentBeforeCommit(world),
  },
];
