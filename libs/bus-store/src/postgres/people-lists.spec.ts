import { EXECUTION_STATES, type ExecutionState } from '@bus/contracts';
import type { TestDatabase } from '@bus/embedded-postgres';
import { createStoreDatabase, HistorySeed } from '../testing';
import { PostgresAuditTrail } from './audit.repository';
import { createStorePool, type StorePool } from './connection';
import { PostgresDeadLetters } from './dead-letter.repository';
import { PostgresExecutionList } from './execution-list.repository';
import { PostgresOperationGraphs } from './operation-graph.repository';
import { PostgresBusOverview } from './overview.repository';
import { PostgresQuarantine } from './quarantine.repository';

const endpoint = 'tcp://127.0.0.1:4101';
const eventType = 'order.paid';
const first = { limit: 50, cursor: null };

/** Every page of a list, one row at a time: what a cursor must not lose or repeat. */
async function everyRow<Row>(
  list: (page: {
    limit: number;
    cursor: string | null;
  }) => Promise<{ rows: Row[]; nextCursor: string | null }>,
): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const page = await list({ limit: 1, cursor });
    rows.push(...page.rows);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return rows;
}

describe('the lists that people read', () => {
  let database: TestDatabase;
  let pool: StorePool;
  let seed: HistorySeed;
  let ids: Record<string, number>;

  beforeEach(async () => {
    database = await createStoreDatabase('lists');
    pool = createStorePool({ connectionString: database.url, applicationName: 'lists-spec' });
    seed = new HistorySeed(pool);
    ids = await seed.operations({
      'a.run': { eventType, endpoint },
      'b.run': { eventType, endpoint, dependsOn: ['a.run'] },
      'c.run': { eventType, endpoint, ordered: true },
    });
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  const id = (name: string) => ids[name] ?? 0;

  describe(PostgresExecutionList, () => {
    const range = { from: new Date(Date.now() - 3_600_000), to: new Date(Date.now() + 3_600_000) };
    const list = async (state: ExecutionState | null, operation: string | null = null) =>
      (await everyRow((page) => new PostgresExecutionList(pool).list({ state, operation, range }, page))).map(
        (row) => [row.operation, row.state],
      );

    beforeEach(async () => {
      const one = await seed.event({ key: 'k' });
      await seed.due(one, id('a.run'), 60_000);
      await seed.waiting(one, id('b.run'), { pending: [id('a.run')] });
      await seed.inFlight(one, id('c.run'));
      const two = await seed.event({ key: 'k' });
      await seed.due(two, id('a.run'), -1, 3);
      await seed.attempt(two, id('b.run'), 'skipped');
      await seed.attempt(two, id('c.run'), 'completed');
      const three = await seed.event();
      await seed.deadLetter(three, id('a.run'), 'rejected');
      await seed.waiting(three, id('b.run'), { pending: [id('a.run')] });
      await seed.deadLetter(three, id('c.run'), 'attempts_used_up');
      await seed.event({ cancelled: true });
    });

    it('lists every state, page by page, and only what is in it', async () => {
      const found = Object.fromEntries(
        await Promise.all(EXECUTION_STATES.map(async (state) => [state, await list(state)] as const)),
      );
      expect(found).toEqual({
        scheduled: [['a.run', 'scheduled']],
        waiting: [['b.run', 'waiting']],
        held: [['b.run', 'held']],
        in_flight: [['c.run', 'in_flight']],
        retrying: [['a.run', 'retrying']],
        completed: [['c.run', 'completed']],
        skipped: [['b.run', 'skipped']],
        rejected: [['a.run', 'rejected']],
        dead: [['c.run', 'dead']],
        cancelled: [
          ['c.run', 'cancelled'],
          ['b.run', 'cancelled'],
          ['a.run', 'cancelled'],
        ],
      });
    });

    it('lists all open ones where no state is asked for, and those of one operation', async () => {
      expect((await list(null)).map(([, state]) => state)).toEqual([
        'held',
        'retrying',
        'in_flight',
        'waiting',
        'scheduled',
      ]);
      expect(await list(null, 'a.run')).toEqual([
        ['a.run', 'retrying'],
        ['a.run', 'scheduled'],
      ]);
      expect(await list(null, 'z.run')).toEqual([]);
    });

    it('lists due rows of a paused operation as held', async () => {
      await new PostgresOperationGraphs(pool).setState('a.run', 'paused', 'ann');

      expect(await list('scheduled')).toEqual([]);
      expect(await list('held', 'a.run')).toEqual([
        ['a.run', 'held'],
        ['a.run', 'held'],
      ]);
    });
  });

  describe(PostgresDeadLetters, () => {
    it('lists dead letters newest event first, by operation and by cause', async () => {
      const letters = new PostgresDeadLetters(pool);
      const one = await seed.event({ messageId: 'one', at: new Date(Date.now() - 60_000) });
      const two = await seed.event({ messageId: 'two', key: 'k' });
      await seed.deadLetter(one, id('a.run'), 'rejected', {
        attempt: 2,
        code: 'out_of_stock',
        reason: 'none left',
      });
      await seed.deadLetter(two, id('a.run'), 'too_old');
      await seed.deadLetter(two, id('c.run'), 'outcome_unknown');

      const all = await everyRow((page) => letters.list({ operation: null, cause: null }, page));
      expect(all.map((row) => [row.messageId, row.operation, row.cause])).toEqual([
        ['two', 'c.run', 'outcome_unknown'],
        ['two', 'a.run', 'too_old'],
        ['one', 'a.run', 'rejected'],
      ]);
      expect((await letters.list({ operation: 'a.run', cause: 'rejected' }, first)).rows).toMatchObject([
        { messageId: 'one', attempt: 2, code: 'out_of_stock', reason: 'none left', source: 'payments' },
      ]);
    });
  });

  describe(PostgresQuarantine, () => {
    it('lists records newest first and gives one with its raw bytes', async () => {
      const quarantine = new PostgresQuarantine(pool);
      for (const offset of [1, 2, 3])
        await seed.quarantined(offset, { value: Buffer.from([0xff, 0x00, offset]) });
      // The same moment for all, as one transaction can give: the rest of the key keeps the pages apart.
      await pool.query(
        'update bus.quarantine set quarantined_at = (select min(quarantined_at) from bus.quarantine)',
      );

      const all = await everyRow((page) => quarantine.list(page));
      expect(all.map((row) => row.offset)).toEqual(['3', '2', '1']);
      expect(all[0]).toMatchObject({ fault: 'not_json', keyBytes: null, valueBytes: 3, partition: 3 });

      const record = await quarantine.record('postgres:spec', 3, '2');
      expect(record?.value).toEqual(Buffer.from([0xff, 0x00, 2]));
      expect(record?.headers).toEqual([['ce_id', 'eA==']]);
      expect(await quarantine.record('postgres:spec', 3, '9')).toBeNull();
    });
  });

  describe(PostgresAuditTrail, () => {
    it('lists entries newest first with hashes of what was and what is', async () => {
      await new PostgresOperationGraphs(pool).setState('a.run', 'paused', 'ann', {
        reason: 'provider is down',
      });

      const all = await everyRow((page) => new PostgresAuditTrail(pool).list(page));
      expect(all).toMatchObject([
        { actor: 'ann', action: 'operation.paused', target: 'a.run', reason: 'provider is down' },
        { actor: 'seed', action: 'operations.activate', target: eventType, result: 'activated version 1' },
      ]);
      expect(all[1]?.beforeHash).toBeNull();
      expect(all[1]?.afterHash).toMatch(/^[0-9a-f]{64}$/);
    });
  });

  describe(PostgresBusOverview, () => {
    it('counts what runs, waits and died, in all and by operation, and tells how late the oldest is', async () => {
      const eventId = await seed.event();
      await seed.inFlight(eventId, id('a.run'));
      await seed.due(eventId, id('c.run'), -90_000, 1);
      await seed.waiting(eventId, id('b.run'), { pending: [id('a.run')] });
      const dead = await seed.event({ key: 'k' });
      await seed.deadLetter(dead, id('c.run'), 'rejected');
      await seed.lane(id('c.run'), 'k', dead, true);
      await seed.quarantined(1);
      await pool.query(`insert into bus.consumer_offset values ('postgres:spec', 0, 42)`);

      const overview = await new PostgresBusOverview(pool).read();

      expect(overview).toMatchObject({
        eventsLastHour: 2,
        inFlight: 1,
        due: 1,
        overdue: 1,
        waiting: 1,
        blockedLanes: 1,
        deadLetters: 1,
        quarantined: 1,
        operations: [
          { operation: 'a.run', inFlight: 1, due: 0, overdue: 0, waiting: 0, deadLetters: 0 },
          { operation: 'b.run', inFlight: 0, due: 0, overdue: 0, waiting: 1, deadLetters: 0 },
          { operation: 'c.run', inFlight: 0, due: 1, overdue: 1, waiting: 0, deadLetters: 1 },
        ],
        positions: [{ logId: 'postgres:spec', partition: 0, nextOffset: '42' }],
      });
      expect(overview.overdueForMs).toBeGreaterThanOrEqual(90_000);
    });

    it('reads an empty bus', async () => {
      expect(await new PostgresBusOverview(pool).read()).toMatchObject({ overdueForMs: 0, inFlight: 0 });
    });
  });
});
