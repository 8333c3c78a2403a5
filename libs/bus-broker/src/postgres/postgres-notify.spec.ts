import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { Client, Pool } from 'pg';
import { createPublisher, createSubscriber, ensureLog } from '../create-broker';
import { allAccepted, keysOf, textRecord } from '../testing/broker-harness';
import { RecordingReceiver, RecordingStore } from '../testing/recording-receiver';
import { StatementLog } from '../testing/statement-log';
import { readNotification } from './notification';

const PARTITIONS = 12;

describe('notifications of the log table', () => {
  let database: TestDatabase;
  let pool: Pool;
  const options = () => ({ broker: 'postgres' as const, databaseUrl: database.url, partitions: PARTITIONS });

  beforeEach(async () => {
    database = await createTestDatabase('broker_notify');
    pool = new Pool({ connectionString: database.url, max: 2 });
    await ensureLog(options());
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  /** One that has found nothing and said so. */
  async function sleepingSubscriber() {
    const statements = new StatementLog();
    const subscriber = createSubscriber(options());
    const receiver = new RecordingReceiver();
    const asleep = statements.next(/set sleeping/);
    await subscriber.start(receiver);
    await asleep;
    return { statements, subscriber, receiver };
  }

  it('notifies only where a subscriber sleeps', async () => {
    const heard: string[] = [];
    const listener = new Client({ connectionString: database.url });
    await listener.connect();
    listener.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await listener.query('listen bus_broker');
    const publisher = createPublisher(options());
    await publisher.start();
    allAccepted(await publisher.publish([textRecord('k', 'nobody sleeps')]));
    await listener.query('select 1');
    expect(heard).toEqual([]);
    await pool.query('insert into bus_broker.member (member_id, sleeping) values (gen_random_uuid(), true)');
    const two = [...keysOf(2, PARTITIONS, 2), ...keysOf(5, PARTITIONS)].map((key) => textRecord(key, 'wake'));
    allAccepted(await publisher.publish(two));
    await listener.query('select 1');
    expect(heard).toEqual(['2,5']);
    heard.length = 0;
    const [key] = keysOf(2, PARTITIONS);
    allAccepted(await publisher.publish([textRecord(key, 'told'), textRecord(key, 'too')]));
    await listener.query('select 1');
    const { rows } = await pool.query(
      'select partition, "offset", headers, appended_at from bus_broker.record',
    );
    const [{ key: notifyKey }] = (await pool.query('select notify_key::text as key from bus_broker.log'))
      .rows;
    const told = readNotification(heard[0] ?? '', notifyKey);
    expect(told.partitions).toEqual([2]);
    expect(
      told.records.map(({ offset, key: bytes, value }) => [offset, String(bytes), String(value)]),
    ).toEqual([
      [2n, key, 'told'],
      [3n, key, 'too'],
    ]);
    for (const { offset, headers, appendedAt } of told.records) {
      const row = rows.find((one) => one.partition === 2 && BigInt(one.offset) === offset);
      expect(headers.map(([name, value]) => [name, String(value)])).toEqual(JSON.parse(row.headers));
      expect(appendedAt).toEqual(row.appended_at);
    }
    allAccepted(await publisher.publish([textRecord(key, 'x'.repeat(6_000))]));
    await listener.query('select 1');
    expect(heard.slice(1)).toEqual(['2']);
    await publisher.stop();
    await listener.end();
  });

  it('reads nothing that came with its notification, and everything that did not', async () => {
    const publisher = createPublisher(options());
    await publisher.start();
    const { statements, subscriber, receiver } = await sleepingSubscriber();
    const stored = (count: number) => () => receiver.store.records.length === count;
    allAccepted(await publisher.publish([textRecord('k', 'wakes')]));
    await receiver.until('the first', stored(1));
    const reads = () => statements.texts.filter((text) => text.includes('cross join lateral')).length;
    const before = reads();
    for (let n = 0; n < 20; n++) {
      allAccepted(
        await publisher.publish([textRecord('k', `told ${n}`), textRecord(`k${n}`, `beside ${n}`)]),
      );
      await receiver.until('what was told', stored(3 + 2 * n));
    }
    // Beats that fell between a commit and its record's end ask for a read: one a 1.25 s.
    expect(reads() - before).toBeLessThanOrEqual(3);
    const large = 'x'.repeat(7_000);
    allAccepted(await publisher.publish([textRecord('k', large), textRecord('k', 'behind')]));
    await receiver.until('all', stored(43));
    expect(receiver.store.values().slice(-2)).toEqual([large, 'behind']);
    statements.off();
    await subscriber.stop();
    await publisher.stop();
  }, 30_000);

  it('takes what it was not told of a partition for unread, not for a gap', async () => {
    const publisher = createPublisher(options());
    await publisher.start();
    const { statements, subscriber, receiver } = await sleepingSubscriber();
    const [key] = keysOf(3, PARTITIONS);
    const [other] = keysOf(4, PARTITIONS);
    const say = async (text: string, to = key) =>
      allAccepted(await publisher.publish([textRecord(to, text)]));
    for (const text of ['a', 'b', 'c']) await say(text);
    await receiver.until('three', () => receiver.store.records.length === 3);
    await statements.next(/insert into bus_broker.member/); // sees where the log ends now
    await say('x', other);
    await receiver.until('x', () => receiver.store.records.length === 4);
    // As after a failover: the store forgets, and says so at the next batch.
    receiver.store.positions.set(RecordingStore.place(receiver.asked[0].logId, 3), 0n);
    receiver.store.records.length = 0;
    const begin = receiver.batches.length;
    await say('d');
    await receiver.until('a seek', () => receiver.batches.length > begin);
    await say('y', other);
    await receiver.until('all again', () => receiver.store.records.length === 5);
    statements.off();
    expect(receiver.store.valuesOf(3)).toEqual(['a', 'b', 'c', 'd']);
    await subscriber.stop();
    await publisher.stop();
  }, 60_000);
});
