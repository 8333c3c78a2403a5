import type { DispatchContext, EventInbox, ExecutionLedger, InboxBatch, PlannedEvent } from '@bus/store';
import { InMemoryStore, type DueRow, type InFlightRow, type InMemoryStoreOptions } from '@bus/store/testing';
import { WorldParts, type Site } from '../world-parts';
import type { WorldPlan } from '../world-plan';
import { withCalls, type Plant } from './plant';
import { around } from './around';

/** How far the clock of whoever asks is off the database's. */
class StoreOfTwoClocks extends InMemoryStore {
  dueOffMs = 0;
  leaseOffMs = 0;

  protected override isDue(row: DueRow): boolean {
    return row.dueAtMs <= this.nowMs() + this.dueOffMs;
  }

  protected override leaseIsOver(row: InFlightRow): boolean {
    return row.leaseUntilMs < this.nowMs() + this.leaseOffMs;
  }
}

/** Which decision is made by the clock of the process that asks. */
abstract class OwnClockParts extends WorldParts {
  protected abstract readonly clock: 'dueOffMs' | 'leaseOffMs';

  override makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new StoreOfTwoClocks(options);
  }

  override ledger(inner: ExecutionLedger, { world, process }: Site): ExecutionLedger {
    const store = world.parts.store as StoreOfTwoClocks;
    const byOwnClock = <T>(run: () => Promise<T>): Promise<T> => {
      store[this.clock] = process.wallMs() - world.databaseMs();
      const outcome = run(); // decides before it first waits
      store[this.clock] = 0;
      return outcome;
    };
    return around(inner, {
      claim: (rooms, context) => byOwnClock(() => inner.claim(rooms, context)),
      pulse: (look) => byOwnClock(() => inner.pulse(look)),
      expired: (limit) => byOwnClock(() => inner.expired(limit)),
    });
  }
}

class DueByOwnClock extends OwnClockParts {
  protected override readonly clock = 'dueOffMs';
}

class LeaseByOwnClock extends OwnClockParts {
  protected override readonly clock = 'leaseOffMs';

  override plan(plan: WorldPlan): WorldPlan {
    return withCalls(plan, { slow: 0.2 });
  }
}

/** Node's timers hold 31 bits of milliseconds. */
const TIMER_OVERFLOW_MS = 2 ** 31 - 1;

class DelayInTimer extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    const publishes = plan.publishes.map((planned) => {
      const { deliverInMs } = planned.event;
      const far = deliverInMs === null ? null : 30 * 24 * 3_600_000;
      return { ...planned, event: { ...planned.event, deliverInMs: far } };
    });
    return { ...plan, publishes, actions: [] };
  }

  override inbox(inner: EventInbox, { world }: Site): EventInbox {
    const overflowing = (planned: PlannedEvent): PlannedEvent => {
      const aheadMs = Date.parse(planned.event.deliverAt ?? '') - world.databaseMs();
      if (!(aheadMs > TIMER_OVERFLOW_MS)) return planned;
      const executions = planned.executions.map((execution) =>
        execution.start.kind === 'later'
          ? { ...execution, start: { kind: 'later' as const, at: null, plusMs: 0 } }
          : execution,
      );
      return { ...planned, executions };
    };
    const planted = (batch: InboxBatch) => ({ ...batch, events: batch.events.map(overflowing) });
    return around(inner, {
      ingest: (batch: InboxBatch) => inner.ingest(planted(batch)),
      ingestTogether: (batches: readonly InboxBatch[]) => inner.ingestTogether(batches.map(planted)),
    });
  }
}

class BackoffByReplica extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    return withCalls(plan, { retry: 0.4 });
  }

  override ledger(inner: ExecutionLedger, { world }: Site): ExecutionLedger {
    return around(inner, {
      close: (ends, context: DispatchContext) => {
        const shared = ends.map((end) => {
          if (end.after.kind !== 'again') return end;
          return { ...end, after: { ...end.after, inMs: end.after.inMs / world.replicas.length } };
        });
        return inner.close(shared, context);
      },
    });
  }
}

export const timePlants: Plant[] = [
  {
    name: 'trap 9: due by a replica’s own clock',
    guarantee: 'G7',
    breaks: 'what is due is decided by the clock of the replica that claims',
    build: (world) => new DueByOwnClock(world),
  },
  {
    name: 'lease by application clock',
    guarantee: 'G9',
    breaks: 'whether a lease is over is decided by the clock of the replica that sweeps',
    build: (world) => new LeaseByOwnClock(world),
  },
  {
    name: 'trap 43: a delay in a timer of 31 bits',
    guarantee: 'G7',
    breaks: 'a delay beyond 2³¹ − 1 ms is kept in a timer, which fires at once',
    build: (world) => new DelayInTimer(world),
  },
  {
    name: 'backoff × replicas',
    guarantee: 'G11',
    breaks: 'each replica waits by itself, so that a retry comes as many times sooner as there are replicas',
    build: (world) => new BackoffByReplica(world),
  },
];
