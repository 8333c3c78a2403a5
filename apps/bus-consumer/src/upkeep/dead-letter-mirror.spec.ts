import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { DrainState, MetricsRegistry } from '@bus/app-shell';
import { createPublisher, createSubscriber, ensureLog, type BrokerPublisher } from '@bus/broker';
import { RecordingReceiver } from '@bus/broker/testing';
import type { TestDatabase } from '@bus/embedded-postgres';
import { describeWithKafka, sharedTestKafka } from '@bus/kafka-dev';
import { createStorePool, PostgresDeadLetterOutbox, type StorePool } from '@bus/store';
import { createStoreDatabase, HistorySeed } from '@bus/store/testing';
import { ManualTime } from '../testing/manual-time';
import { Chores } from './chores';
import { DeadLetterMirrorScheduler } from './dead-letter-mirror.scheduler';

describeWithKafka('the mirror of dead letters', () => {
  let database: TestDatabase;
  let pool: StorePool;
  let seed: HistorySeed;
  let publisher: BrokerPublisher;
  let receiver: RecordingReceiver;
  let subscriber: ReturnType<typeof createSubscriber>;
  let outbox: PostgresDeadLetterOutbox;
  let operationId: number;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    database = await createStoreDatabase('mirror');
    pool = createStorePool({ connectionString: database.url, applicationName: 'mirror-spec' });
    outbox = new PostgresDeadLetterOutbox(pool);
    seed = new HistorySeed(pool);
    const operations = await seed.operations({
      'sms.send': { eventType: 'order.paid', endpoint: 'tcp://127.0.0.1:1' },
    });
    operationId = operations['sms.send'];
    const { brokers } = await sharedTestKafka();
    const options = {
      broker: 'kafka' as const,
      kafkaBrokers: [brokers],
      topic: `dead-${randomUUID()}`,
      partitions: 2,
      devSingleBroker: true,
    };
    await ensureLog(options);
    publisher = createPublisher(options);
    subscriber = createSubscriber(options);
    receiver = new RecordingReceiver();
    await subscriber.start(receiver);
  }, 120_000);
  afterEach(async () => {
    await subscriber.stop();
    await publisher.stop();
    await pool.end();
    await database.drop();
  });

  const scheduler = (of: BrokerPublisher | null) => {
    const time = new ManualTime();
    return new DeadLetterMirrorScheduler(
      outbox,
      of,
      new Chores(time.clock, time),
      new DrainState(),
      new MetricsRegistry(),
    );
  };
  const die = async (eventId: string, client: Pick<StorePool, 'query'> = pool) => {
    await client.query(
      `insert into bus.dead_letter (event_id, operation_id, attempt, cause, code, reason)
       values ($1, $2, 3, 0, 'no_recipient', '没有收件人')`,
      [eventId, operationId],
    );
  };
  const unsent = async () =>
    (await pool.query('select count(*)::int as n from bus.dead_letter_mirror')).rows[0].n as number;

  it('sends each dead letter with its event and what it died of, once the broker has it forgets it', async () => {
    await outbox.enable(true);
    const eventId = await seed.event({
      messageId: 'order-1',
      key: 'user-7',
      payload: { orderId: '1', zh: '订单' },
    });
    await die(eventId);
    await scheduler(publisher).mirror(publisher);
    await receiver.until('the mirror', () => receiver.store.records.length === 1);
    const [record] = receiver.store.records;
    const headers = Object.fromEntries(record.headers.map(([name, value]) => [name, value.toString()]));
    expect(headers).toMatchObject({
      ce_specversion: '1.0',
      ce_id: 'order-1',
      ce_source: 'payments',
      ce_type: 'order.paid',
      ce_partitionkey: 'user-7',
      ce_eventid: eventId,
      ce_operation: 'sms.send',
      ce_attempt: '3',
      ce_deadcause: 'rejected',
      ce_deadcode: 'no_recipient',
      ce_deadreason: '没有收件人',
    });
    expect(headers['ce_diedat']).toMatch(/^20\d\d-.*Z$/);
    expect([record.key?.toString(), record.value?.toString()]).toEqual([
      'user-7',
      '{"orderId":"1","zh":"订单"}',
    ]);
    expect(await unsent()).toBe(0);
  }, 60_000);

  it('sends again what was sent by a process that died before it could note so', async () => {
    await outbox.enable(true);
    await die(await seed.event({ messageId: 'order-1' }));
    await publisher.start();
    const dying = Object.create(publisher) as BrokerPublisher;
    dying.start = () => Promise.resolve();
    dying.publish = async (records) => {
      await publisher.publish(records);
      throw new Error('killed after the send');
    };
    await expect(scheduler(dying).mirror(dying)).rejects.toThrow('killed after the send');
    expect(await unsent()).toBe(1);
    const other = scheduler(publisher);
    await other.mirror(publisher);
    expect(await unsent()).toBe(1); // it is still another's
    await pool.query(`update bus.dead_letter_mirror set claimed_until = clock_timestamp()`);
    await other.mirror(publisher);
    await receiver.until('both', () => receiver.store.records.length === 2);
    expect(await unsent()).toBe(0);
  }, 60_000);

  it('sends more than 500 in one run, and two replicas send none twice', async () => {
    await outbox.enable(true);
    await pool.query(
      `with id as (select (substr(bus.first_event_id(clock_timestamp())::text, 1, 14) || '7000-8000-'
                           || lpad(to_hex(n), 12, '0'))::uuid as id from generate_series(1, 1100) n),
       event as (insert into bus.event (event_id, source, message_id, type, payload, occurred_at, broker_partition, broker_offset)
                 select id, 'spec', id::text, 'order.paid', '{}', clock_timestamp(), 0, 0 from id)
       insert into bus.dead_letter (event_id, operation_id, attempt, cause) select id, ${operationId}, 1, 1 from id`,
    );
    await Promise.all([scheduler(publisher).mirror(publisher), scheduler(publisher).mirror(publisher)]);
    await receiver.until('all', () => receiver.store.records.length >= 1100);
    expect(new Set(receiver.store.records.map(({ key }) => String(key))).size).toBe(1100);
    expect(receiver.store.records).toHaveLength(1100);
    expect(await unsent()).toBe(0);
  }, 60_000);

  it('keeps nothing where it is off, nor of an execution whose transaction was rolled back', async () => {
    await die(await seed.event());
    expect(await unsent()).toBe(0);
    await outbox.enable(true);
    const client = await pool.connect();
    await client.query('begin');
    await die(await seed.event(), client);
    await client.query('rollback');
    client.release();
    expect(await unsent()).toBe(0);
  });

  it('keeps them all while the broker is away', async () => {
    await outbox.enable(true);
    await die(await seed.event());
    const away = createPublisher({
      broker: 'kafka',
      kafkaBrokers: ['127.0.0.1:1'],
      topic: 'dead',
      devSingleBroker: true,
    });
    await expect(scheduler(away).mirror(away)).rejects.toThrow();
    await away.stop();
    expect(await unsent()).toBe(1);
  }, 60_000);
});
