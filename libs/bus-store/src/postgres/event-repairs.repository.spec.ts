import type { TestDatabase } from '@bus/embedded-postgres';
import type { LinkRequest, RepairLine } from '../event-repairs';
import { createStoreDatabase, HistorySeed, untilWaiting } from '../testing';
import { createStorePool, type StorePool } from './connection';
import { PostgresEventRepairs } from './event-repairs.repository';

const author = { actor: 'ana', reason: 'wrong amount' };
const record = { logId: 'postgres:spec', partition: 3, offset: '9' };

describe(PostgresEventRepairs, () => {
  let database: TestDatabase;
  let pool: StorePool;
  let seed: HistorySeed;
  let repairs: PostgresEventRepairs;

  beforeEach(async () => {
    database = await createStoreDatabase('repairs');
    pool = createStorePool({ connectionString: database.url, applicationName: 'repairs-spec' });
    seed = new HistorySeed(pool);
    repairs = new PostgresEventRepairs(pool);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  function request(over: Partial<LinkRequest> = {}, content = 'a'): LinkRequest {
    return {
      origin: { record },
      source: 'payments',
      messageId: { after: 'paid' },
      contentHash: Buffer.from(content),
      author,
      ...over,
    };
  }
  const audit = async () =>
    (
      await pool.query<{ line: string }>(
        `select action || ' ' || result as line from bus.audit_entry order by audit_id`,
      )
    ).rows.map(({ line }) => line);

  it('counts on from the original, past ids that events or links have', async () => {
    await seed.event({ messageId: 'paid~2' });
    expect(await repairs.link(request())).toEqual({ outcome: 'linked', messageId: 'paid~3' });
    expect(await repairs.link(request({}, 'b'))).toEqual({ outcome: 'linked', messageId: 'paid~4' });
    expect(await repairs.link(request({ messageId: { after: 'paid~4' } }, 'c'))).toMatchObject({
      messageId: 'paid~5',
    });
    expect(await audit()).toEqual([
      'quarantine.resend linked: payments paid~3',
      'quarantine.resend linked: payments paid~4',
      'quarantine.resend linked: payments paid~5',
    ]);
  });

  it('makes one event of two clicks, also at the same moment', async () => {
    const outcomes = await Promise.all([repairs.link(request()), repairs.link(request())]);
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['linked', 'recent']);
    await pool.query(`update bus.event_link set linked_at = linked_at - interval '61 s'`);
    expect(await repairs.link(request())).toEqual({ outcome: 'linked', messageId: 'paid~3' });
  });

  it('looks for another click behind the lock of its origin: one that is under way is waited for', async () => {
    const other = await pool.connect();
    await other.query('begin');
    await other.query(`select pg_advisory_xact_lock(hashtextextended('event_link postgres:spec 3 9', 0))`);
    const click = repairs.link(request());
    await untilWaiting(pool, 1);
    await other.query(
      `insert into bus.event_link (identity, source, message_id, content_hash, original_log_id, original_partition,
                                   original_offset, actor, reason)
       values (bus.identity_of('payments', 'paid~2'), 'payments', 'paid~2', 'a', 'postgres:spec', 3, 9, 'ben', 'x')`,
    );
    await other.query('commit');
    other.release();
    expect(await click).toEqual({ outcome: 'recent', messageId: 'paid~2' });
  });

  it('repeats what was linked under a given id, and refuses other content and other origins', async () => {
    const eventId = await seed.event({ messageId: 'paid' });
    const mine = request({ origin: { eventId }, messageId: { id: 'again' } });
    expect(await repairs.link(mine)).toEqual({ outcome: 'linked', messageId: 'again' });
    expect(await repairs.link(mine)).toEqual({ outcome: 'repeated', messageId: 'again' });
    expect(await repairs.link({ ...mine, contentHash: Buffer.from('b') })).toEqual({ outcome: 'taken' });
    expect(await repairs.link({ ...mine, origin: { record } })).toEqual({ outcome: 'taken' });
    expect(await repairs.link({ ...mine, messageId: { id: 'paid' } })).toEqual({ outcome: 'taken' });
    expect((await audit()).at(-1)).toBe('events.resend refused: conflict');
  });

  it('needs a message id where no number fits behind the original one', async () => {
    expect(await repairs.link(request({ messageId: { after: 'x'.repeat(128) } }))).toEqual({
      outcome: 'taken',
    });
  });

  it('marks a record once, with its audit line', async () => {
    await seed.quarantined(9);
    const line: RepairLine = { action: 'quarantine.reprocess', target: 'x', author, result: 'published' };
    const marks = await Promise.all([
      repairs.markReprocessed(record, line),
      repairs.markReprocessed(record, line),
    ]);
    expect(marks.sort()).toEqual([false, true]);
    expect(await audit()).toEqual(['quarantine.reprocess published']);
    const { rows } = await pool.query(
      'select reprocessed_by, reprocessed_at is not null as marked from bus.quarantine',
    );
    expect(rows).toEqual([{ reprocessed_by: 'ana', marked: true }]);
  });
});
