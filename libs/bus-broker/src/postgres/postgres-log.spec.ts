import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { Client, Pool } from 'pg';
import { createPublisher, createSubscriber, ensureLog } from '../create-broker';
import { PartitionProgress } from '../partition-progress';
import { allAccepted, keysOf, textRecord } from '../testing/broker-harness';
import { RecordingReceiver } from '../testing/recording-receiver';
import { StatementLog } from '../testing/statement-log';
import { LogReader } from './log-reader';
import { logPool } from './postgres-log';
import { pruneBrokerLog } from './prune-broker-log';

const PARTITIONS = 12;

describe('the log table', () => {
  let database: TestDatabase;
  let pool: Pool;
  const options = () => ({ broker: 'postgres' as const, databaseUrl: database.url, partitions: PARTITIONS });

  beforeEach(async () => {
    database = await createTestDatabase('broker_log');
    pool = new Pool({ connectionString: database.url, max: 2 });
    await ensureLog(options());
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  it('is made once, however often and by however many at a time', async () => {
    const ids = await Promise.all([ensureLog(options()), ensureLog(options()), ensureLog(options())]);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^postgres:[0-9a-f-]{36}$/);
  });

  it('is read along its key, whatever its size was when the plan was made, and written durably', async () => {
    const connections = logPool({ ...options(), clientId: 'spec', logger: () => undefined }, 1, 10_000);
    const reader = new LogReader(connections);
    const progress = new PartitionProgress(0);
    progress.moveTo(0n);
    await pool.query(
      `insert into bus_broker.record (partition, "offset", key, headers, value)
       select n % 12, n / 12, 'k', '[]', convert_to(repeat('x', 900), 'UTF8') from generate_series(0, 2399) n`,
    );
    await pool.query('analyze bus_broker.record');
    for (let n = 0; n < 8; n++) await reader.read([progress]); // by now the plan is made for good
    const plan = await connections.query(`explain (costs off) execute bus_broker_read('{0}', '{0}', 500)`);
    const lines = plan.rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n');
    expect(lines).toMatch(/Index Scan using record_pkey/);
    expect(lines).not.toMatch(/Bitmap|Seq Scan on record/);
    const { rows } = await connections.query(`select current_setting('synchronous_commit') as commit`);
    await connections.end();
    expect(rows).toEqual([{ commit: 'on' }]);
  });

  it('keeps publishers and subscribers from starting without it, or with fewer partitions than configured', async () => {
    const more = { ...options(), partitions: PARTITIONS + 1 };
    await expect(createPublisher(more).start()).rejects.toThrow('it has 12 partitions of 13');
    await pool.query('alter table bus_broker.log drop column notify_key');
    await expect(createPublisher(options()).start()).rejects.toThrow(
      'of an earlier version; run bus-migrate',
    );
    await ensureLog(options());
    const publisher = createPublisher(options());
    await publisher.start();
    await publisher.stop();
    await pool.query('drop schema bus_broker cascade');
    await expect(createPublisher(options()).start()).rejects.toThrow('run bus-migrate');
    const subscriber = createSubscriber(options());
    await expect(subscriber.start(new RecordingReceiver())).rejects.toThrow('run bus-migrate');
    await subscriber.stop();
  });

  it('trap-06: shows no later offset before an earlier one, with many publishers at a time', async () => {
    const publishers = Array.from({ length: 4 }, () => createPublisher(options()));
    await Promise.all(publishers.map((publisher) => publisher.start()));
    const subscriber = createSubscriber(options());
    const receiver = new RecordingReceiver();
    await subscriber.start(receiver);
    const calls = publishers.flatMap((publisher, at) =>
      Array.from({ length: 100 }, (_, call) =>
        publisher.publish([
          textRecord(`k${call % 7}`, `${at}-${call}`),
          textRecord(`k${at}`, `${at}-${call}b`),
        ]),
      ),
    );
    allAccepted((await Promise.all(calls)).flat());
    await receiver.until('all records', () => receiver.store.records.length === 800);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const offsets = receiver.store.records
        .filter((one) => one.partition === partition)
        .map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.map((_, at) => BigInt(at)));
    }
    await subscriber.stop();
    await Promise.all(publishers.map((publisher) => publisher.stop()));
  }, 30_000);

  it('reads a backlog of 10,000 records with at most 60 statements', async () => {
    const publisher = createPublisher(options());
    await publisher.start();
    const records = Array.from({ length: 10_000 }, (_, at) => textRecord(`customer-${at % 997}`, `${at}`));
    allAccepted(await publisher.publish(records));
    await publisher.stop();
    const statements = new StatementLog();
    const subscriber = createSubscriber(options());
    const receiver = new RecordingReceiver();
    await subscriber.start(receiver);
    await receiver.until('all records', () => receiver.store.records.length === 10_000);
    await subscriber.stop();
    statements.off();
    expect(statements.texts.length).toBeLessThanOrEqual(60);
    // Of each partition its share of 2,000 records at a time.
    expect(receiver.batches.length).toBeLessThanOrEqual(80);
  }, 30_000);

  it('sends one statement a second when idle or paused', async () => {
    const publisher = createPublisher(options());
    await publisher.start();
    const statements = new StatementLog();
    const subscriber = createSubscriber(options());
    const receiver = new RecordingReceiver();
    const asleep = statements.next(/set sleeping/);
    await subscriber.start(receiver);
    await asleep;
    await statements.next(/insert into bus_broker.member/);
    const idle = await countFor(statements, 3_000);
    subscriber.pause();
    allAccepted(await publisher.publish([textRecord('k', 'while paused')]));
    const paused = await countFor(statements, 3_000);
    statements.off();
    expect(idle).toBeLessThanOrEqual(4);
    expect(paused).toBeLessThanOrEqual(4);
    subscriber.resume();
    await receiver.until('the record', () => receiver.store.records.length === 1);
    await subscriber.stop();
    await publisher.stop();
  }, 30_000);

  it('prunes what is old and stored, never past a position, and moves the log start', async () => {
    const publisher = createPublisher(options());
    await publisher.start();
    const [key] = keysOf(0, PARTITIONS);
    const [other] = keysOf(1, PARTITIONS);
    const records = Array.from({ length: 6 }, (_, at) => [
      textRecord(key, `${at}`),
      textRecord(other, `${at}`),
    ]);
    for (const pair of records) allAccepted(await publisher.publish(pair));
    await publisher.stop();
    await pool.query(
      `update bus_broker.record set appended_at = appended_at - interval '8 d' where "offset" < 4`,
    );
    const keepMs = 7 * 24 * 60 * 60 * 1000;
    expect(await pruneBrokerLog(pool, { keepMs, below: new Map([[0, 3n]]) })).toBe(3);
    expect(await pruneBrokerLog(pool, { keepMs, below: new Map([[0, 6n]]) })).toBe(1);
    expect(await pruneBrokerLog(pool, { keepMs, below: new Map([[0, 6n]]) })).toBe(0);
    const subscriber = createSubscriber(options());
    const receiver = new RecordingReceiver();
    await subscriber.start(receiver);
    await receiver.until('what is left', () => receiver.store.records.length === 2 + 6);
    expect(receiver.asked[0].logStarts.get(0)).toBe(4n);
    expect(receiver.store.valuesOf(0)).toEqual(['4', '5']);
    await subscriber.stop();
  });

  it('answers not_accepted where a lock keeps a flush waiting, and goes on after', async () => {
    const publisher = createPublisher(options());
    await publisher.start();
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('begin');
    await holder.query('select from bus_broker.partition for update');
    const begun = performance.now();
    const [blocked] = await publisher.publish([textRecord('k', 'blocked')]);
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(blocked.outcome).toBe('not_accepted');
    await holder.query('rollback');
    await holder.end();
    allAccepted(await publisher.publish([textRecord('k', 'after')]));
    await publisher.stop();
  }, 30_000);
});

/** A rate can only be taken over time. */
async function countFor(statements: StatementLog, ms: number): Promise<number> {
  const before = statements.texts.length;
  await new Promise((done) => setTimeout(done, ms));
  return statements.texts.length - before;
}
