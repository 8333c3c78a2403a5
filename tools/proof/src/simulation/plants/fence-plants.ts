import type { AttemptEnd, CloseOutcome, DispatchContext, ExecutionLedger } from '@bus/store';
import {
  InMemoryStore,
  type InFlightRow,
  type InMemoryStoreOptions,
  type TakenLook,
} from '@bus/store/testing';
import { WorldParts, type Site } from '../world-parts';
import type { PlannedFault } from '../planned-faults';
import type { WorldPlan } from '../world-plan';
import { around } from './around';
import { withCalls, withOperations, type Plant } from './plant';

/** Replicas that cannot write their results before their leases are over, and calls that are still under way when the next attempt runs. */
function withZombies(plan: WorldPlan): WorldPlan {
  const changed = withOperations(plan, ({ retry }) => ({
    ...{ timeoutMs: 3000, concurrency: 64, ratePerSecond: null, effect: 'at_least_once' as const },
    retry: { ...retry, maxAttempts: null, backoffMs: 100, backoffCapMs: 100 },
  }));
  const faults = [0, 1, 2, 3, 4, 5, 6, 7].map((index): PlannedFault => {
    return {
      kind: 'link-away',
      atMs: 400 + index * 4000,
      durationMs: 11_000 + (index % 3) * 700,
      target: index,
    };
  });
  return { ...withCalls(changed, { slow: 0.5 }), faults };
}

/** Whatever attempt is in flight ends by the result that comes. */
class StoreGuardedByState extends InMemoryStore {
  override closeNow(ends: readonly AttemptEnd[], context: DispatchContext): CloseOutcome {
    const ofCurrent = ends.map((end) => {
      const row = this.inFlight.get(`${end.eventId}/${end.operationId}`);
      return row ? { ...end, attempt: row.attempt } : end;
    });
    return super.closeNow(ofCurrent, context);
  }
}

class GuardOnState extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    return withZombies(plan);
  }

  override makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new StoreGuardedByState(options);
  }
}

/** A result is written whatever has become of the execution meanwhile, unless it has ended. */
class StoreWithoutFence extends InMemoryStore {
  protected override fenceMatches(_row: InFlightRow, _end: AttemptEnd): boolean {
    return true;
  }

  override closeNow(ends: readonly AttemptEnd[], context: DispatchContext): CloseOutcome {
    const { dispatcherId } = context;
    for (const { eventId, operationId, attempt } of ends) {
      const row = this.due.get(`${eventId}/${operationId}`);
      if (!row) continue;
      const { counted } = row;
      this.transaction(() => {
        this.deleteDue(row);
        this.insertInFlight({
          eventId,
          operationId,
          attempt,
          counted,
          leaseUntilMs: this.nowMs(),
          dispatcherId,
        });
      });
    }
    return super.closeNow(ends, context);
  }
}

class NoFence extends GuardOnState {
  override makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new StoreWithoutFence(options);
  }
}

class StoreWithNewFences extends InMemoryStore {
  protected override attemptAtReplay(): number {
    return 0;
  }
}

class FenceResetAtReplay extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    const changed = withCalls(plan, { rejected: 0.3 });
    const actions = [3000, 4000, 5000, 6000, 7000].map((atMs, index) => ({
      atMs,
      kind: 'replay' as const,
      pick: index / 5,
    }));
    return { ...changed, actions };
  }

  override makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new StoreWithNewFences(options);
  }
}

class StoreWithPartialCancels extends InMemoryStore {
  protected override mayTake({ taken }: TakenLook): boolean {
    return taken > 0;
  }
}

class CancelOfSomeRows extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    const actions = plan.publishes.map(({ atMs, event }) => ({
      atMs: atMs + 60,
      kind: 'cancel' as const,
      event,
      times: 1,
    }));
    return {
      ...withCalls(plan, { retry: 0.3, slow: 0.3 }),
      actions: actions.sort((a, b) => a.atMs - b.atMs),
    };
  }

  override makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new StoreWithPartialCancels(options);
  }
}

class SweepFromMemory extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    const faults = Array.from({ length: 8 }, (_, index): PlannedFault => {
      return { kind: 'kill', atMs: 500 + index * 900, durationMs: 200, target: index };
    });
    return { ...withCalls(plan, { slow: 0.3 }), faults };
  }

  override ledger(inner: ExecutionLedger, { world }: Site): ExecutionLedger {
    let own = -1;
    return around(inner, {
      register: async () => (own = await inner.register()),
      expired: async (limit) => {
        const rows = await inner.expired(limit);
        return rows.filter(({ eventId, operationId }) => {
          return world.parts.store.inFlight.get(`${eventId}/${operationId}`)?.dispatcherId === own;
        });
      },
    });
  }
}

export const fencePlants: Plant[] = [
  {
    name: 'no fence',
    guarantee: 'G9',
    breaks: 'a late result is written over whatever the execution has come to',
    build: (world) => new NoFence(world),
  },
  {
    name: 'guard on state',
    guarantee: 'G9',
    breaks: 'a result ends the attempt in flight, whichever it is',
    build: (world) => new GuardOnState(world),
  },
  {
    name: 'fence reset at replay',
    guarantee: 'G16',
    breaks: 'a replay counts attempts from 1 again',
    build: (world) => new FenceResetAtReplay(world),
  },
  {
    name: 'cancel of some rows',
    guarantee: 'G8',
    breaks: 'a cancel takes what has not started, and says cancelled',
    build: (world) => new CancelOfSomeRows(world),
  },
  {
    name: 'sweep from memory',
    guarantee: 'G11',
    breaks: 'a replica ends its own leases alone, by what it remembers',
    build: (world) => new SweepFromMemory(world),
  },
];
