import type { TestDatabase } from '@bus/embedded-postgres';
import { RECONCILE_FAULTS } from '../reconciliation';
import { createStoreDatabase, HistorySeed } from '../testing';
import { createStorePool, type StorePool } from './connection';
import { PostgresReconciliation } from './reconciliation.repository';

const DAY_MS = 24 * 60 * 60 * 1000;
const eventType = 'order.paid';
const endpoint = 'tcp://127.0.0.1:1';

describe(PostgresReconciliation, () => {
  let database: TestDatabase;
  let pool: StorePool;
  let seed: HistorySeed;
  let reconciliation: PostgresReconciliation;
  let ids: Record<string, number>;
  const id = (operation: string) => ids[operation] ?? 0;

  beforeEach(async () => {
    database = await createStoreDatabase('reconcile');
    pool = createStorePool({ connectionString: database.url, applicationName: 'reconcile-spec' });
    seed = new HistorySeed(pool);
    reconciliation = new PostgresReconciliation(pool);
    ids = await seed.operations({
      'a.run': { eventType, endpoint, ordered: true },
      'b.run': { eventType, endpoint, dependsOn: ['a.run'], onDependencyDead: 'block' },
      'c.run': { eventType: 'order.shipped', endpoint },
    });
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  /** An event whose executions have both ended well. */
  async function ended(over: Parameters<HistorySeed['event']>[0] = {}): Promise<string> {
    const eventId = await seed.event(over);
    await seed.attempt(eventId, id('a.run'), 'completed');
    await seed.attempt(eventId, id('b.run'), 'completed');
    return eventId;
  }

  const kinds = async () => (await reconciliation.faults()).map(({ kind }) => kind);

  /** Of each state one, with lanes, dependencies and retries as the flow leaves them. */
  async function healthy(): Promise<void> {
    await ended();
    await seed.event({ cancelled: true });
    await seed.event({ type: 'nobody.cares' });
    const open = await seed.event({ key: 'k' });
    await seed.attempt(open, id('a.run'), 'timeout');
    await seed.inFlight(open, id('a.run'), 2);
    await seed.lane(id('a.run'), 'k', open);
    await seed.waiting(open, id('b.run'), { pending: [id('a.run')] });
    const behind = await seed.event({ key: 'k' });
    await seed.waiting(behind, id('a.run'), { key: 'k', place: 2 });
    await seed.waiting(behind, id('b.run'), { pending: [id('a.run')] });
    const blocked = await seed.event({ key: 'dead' });
    await seed.attempt(blocked, id('a.run'), 'rejected');
    await seed.deadLetter(blocked, id('a.run'), 'rejected');
    await seed.lane(id('a.run'), 'dead', blocked, true);
    await seed.waiting(blocked, id('b.run'), { pending: [id('a.run')] });
    const retrying = await seed.event({ type: 'order.shipped' });
    await seed.attempt(retrying, id('c.run'), 'timeout');
    await seed.due(retrying, id('c.run'), 60_000, 1);
    const scheduled = await seed.event({ type: 'order.shipped' });
    await seed.due(scheduled, id('c.run'), 60_000);
  }

  it('finds no fault where each execution has one home or an end', async () => {
    await healthy();
    expect(await reconciliation.faults()).toEqual([]);
  });

  it('counts executions by operation and state, in pages of any size', async () => {
    await healthy();
    const pages: number[] = [];
    const totals = await reconciliation.totals({ pageEvents: 2, onPage: (events) => pages.push(events) });
    expect(pages.at(-1)).toBe(8);
    expect(pages.length).toBeGreaterThan(3);
    expect(totals.map(({ operation, state, executions }) => `${operation} ${state} ${executions}`)).toEqual([
      'a.run cancelled 1',
      'a.run completed 1',
      'a.run in_flight 1',
      'a.run rejected 1',
      'a.run waiting 1',
      'b.run cancelled 1',
      'b.run completed 1',
      'b.run held 1',
      'b.run waiting 2',
      'c.run retrying 1',
      'c.run scheduled 1',
    ]);
  });

  const plants: Record<(typeof RECONCILE_FAULTS)[number], () => Promise<unknown>> = {
    lost: async () => {
      const eventId = await ended();
      await pool.query('delete from bus.attempt_group where event_id = $1 and operation_id = $2', [
        eventId,
        id('b.run'),
      ]);
    },
    two_homes: async () => {
      const eventId = await seed.event({ type: 'order.shipped' });
      await seed.due(eventId, id('c.run'), 60_000);
      await seed.waiting(eventId, id('c.run'), { pending: [id('c.run')] });
    },
    orphan_home: () => seed.due('ffffffff-ffff-7fff-bfff-ffffffffffff', id('c.run'), 60_000),
    cancelled_but_open: async () => {
      const eventId = await seed.event({ type: 'order.shipped', cancelled: true });
      await seed.due(eventId, id('c.run'), 60_000);
    },
    lost_wakeup: async () => {
      const eventId = await seed.event();
      await seed.attempt(eventId, id('a.run'), 'completed');
      await seed.waiting(eventId, id('b.run'), { pending: [id('a.run')] });
    },
    lane_head_lost: async () => {
      await seed.lane(id('a.run'), 'gone', await ended({ key: 'gone' }));
    },
    lane_missing: async () => {
      const eventId = await seed.event({ key: 'other' });
      await seed.waiting(eventId, id('a.run'), { key: 'other', place: 3 });
      await seed.waiting(eventId, id('b.run'), { pending: [id('a.run')] });
    },
    lease_expired: async () => {
      const eventId = await seed.event({ type: 'order.shipped' });
      await seed.inFlight(eventId, id('c.run'));
      await pool.query(
        `update bus.in_flight set lease_until = clock_timestamp() - interval '6 s' where event_id = $1`,
        [eventId],
      );
    },
    attempt_gap: async () => {
      const eventId = await seed.event({ type: 'order.shipped' });
      await seed.attempt(eventId, id('c.run'), 'timeout', { attempt: 1 });
      await seed.attempt(eventId, id('c.run'), 'completed', { attempt: 3 });
    },
  };

  it.each(RECONCILE_FAULTS)('finds just the fault that is planted: %s', async (kind) => {
    await healthy();
    await plants[kind]();
    expect(await kinds()).toEqual([kind]);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    [
      'a home of an operation that its graph does not have',
      async () => seed.due(await ended(), id('c.run'), 60_000),
      'orphan_home',
    ],
    [
      'the head of a lane that waits for nothing',
      async () => {
        const eventId = await seed.event({ key: 'k' });
        await seed.waiting(eventId, id('a.run'), { key: 'k', place: 1 });
        await seed.lane(id('a.run'), 'k', eventId);
        await seed.waiting(eventId, id('b.run'), { pending: [id('a.run')] });
      },
      'lost_wakeup',
    ],
    [
      'a waiting row without any reason',
      async () => seed.waiting(await seed.event({ type: 'order.shipped' }), id('c.run'), {}),
      'lost_wakeup',
    ],
    [
      'a dead head that does not block its lane',
      async () => {
        const eventId = await seed.event({ key: 'k' });
        await seed.attempt(eventId, id('a.run'), 'rejected');
        await seed.deadLetter(eventId, id('a.run'), 'rejected');
        await seed.lane(id('a.run'), 'k', eventId);
        await seed.waiting(eventId, id('b.run'), { pending: [id('a.run')] });
      },
      'lane_head_lost',
    ],
    [
      'a home row whose attempt is not the last one on record',
      async () => {
        const eventId = await seed.event({ type: 'order.shipped' });
        await seed.attempt(eventId, id('c.run'), 'timeout');
        await seed.due(eventId, id('c.run'), 60_000, 2);
      },
      'attempt_gap',
    ],
  ])('finds %s', async (_title, plant, kind) => {
    await plant();
    expect(await kinds()).toEqual([kind]);
  });

  it('names event and operation of a fault, and tells no more than asked for', async () => {
    const eventId = await seed.event({ type: 'order.shipped' });
    await seed.event({ type: 'order.shipped' });
    expect(await reconciliation.faults({ limit: 1 })).toEqual([
      {
        kind: 'lost',
        eventId,
        operation: 'c.run',
        detail: 'neither a home row nor an end; last attempt 0',
      },
    ]);
    expect(await reconciliation.faults({ pageEvents: 1 })).toHaveLength(2);
  });

  it('looks at no event that is older than asked for', async () => {
    await seed.event({ type: 'order.shipped', at: new Date(Date.now() - 2 * DAY_MS) });
    const since = new Date(Date.now() - DAY_MS);
    expect(await reconciliation.faults({ since })).toEqual([]);
    expect(await reconciliation.totals({ since })).toEqual([]);
    expect(await reconciliation.faults()).toHaveLength(1);
  });
});
