import { randomUUID } from 'node:crypto';
import { createLogEnds, createSpanReader, ensureLog, type BrokerOptions } from '@bus/broker';
import { contentHash, decodeRecord, identityOf, type IncomingRecord } from '@bus/domain';
import { describeWithKafka, sharedTestKafka } from '@bus/kafka-dev';
import { CONSOLE_READY_MS, openConsole, type ConsoleStage } from '../testing/console-stage';
import { QuarantineRepairController } from './quarantine-repair.http.controller';

const LOG = 'postgres:spec';
const author = { actor: 'ana', reason: 'the new version reads it' };
const EVENT_HEADERS = { ce_specversion: '1.0', ce_id: 'm-1', ce_source: 'payments', ce_type: 'note.kept' };

/** What the log holds, all partitions, in order of offset. */
async function logged(options: BrokerOptions): Promise<IncomingRecord[]> {
  const ends = createLogEnds(options);
  const reader = createSpanReader(options);
  const records: IncomingRecord[] = [];
  try {
    const { bounds } = await ends.read();
    const spans = [...bounds].map(([partition, { start, end }]) => ({ partition, from: start, to: end }));
    await reader.read(spans, async (page) => void records.push(...page.records));
  } finally {
    await reader.stop();
    await ends.stop();
  }
  return records;
}

async function quarantine(
  stage: ConsoleStage,
  over: {
    offset?: number;
    headers?: Record<string, string>;
    value?: string | null;
    key?: string;
    fault?: string;
  },
): Promise<string> {
  const {
    offset = 1,
    headers = {},
    value = '{"n": 1.0}',
    key = 'user-7',
    fault = 'unknown_specversion',
  } = over;
  const pairs = Object.entries({ ...EVENT_HEADERS, ...headers });
  await stage.pool.query(
    `insert into bus.quarantine (log_id, partition, broker_offset, fault, detail, key, value, headers, appended_at)
     values ($1, 3, $2, $3, 'spec', $4, $5, $6, clock_timestamp() - interval '3 d')`,
    [
      LOG,
      offset,
      fault,
      Buffer.from(key),
      value === null ? null : Buffer.from(value),
      JSON.stringify(pairs.map(([name, text]) => [name, Buffer.from(text).toString('base64')])),
    ],
  );
  return `/api/v1/quarantine/${encodeURIComponent(LOG)}/3/${offset}`;
}

/** What holds on both brokers. */
function repairsQuarantine(open: () => Promise<{ stage: ConsoleStage; log: BrokerOptions }>): void {
  let stage: ConsoleStage;
  let log: BrokerOptions;
  beforeEach(async () => ({ stage, log } = await open()), 120_000);
  afterEach(() => stage.close());

  const audit = async () =>
    (
      await stage.pool.query(
        'select actor, action, target, reason, result from bus.audit_entry order by audit_id',
      )
    ).rows;

  it('publishes a record that can be decoded by now, byte for byte, and marks it with who and why', async () => {
    const path = await quarantine(stage, {});

    const { body } = await stage.http.post(`${path}/reprocess`).send(author).expect(200);

    expect(body).toMatchObject({ outcome: 'reprocessed', source: 'payments', messageId: 'm-1' });
    const [record, ...more] = await logged(log);
    expect(more).toEqual([]);
    expect([record.partition, String(record.offset)]).toEqual([body.partition, body.offset]);
    const decoded = decodeRecord(record, { logId: LOG });
    expect(decoded).toMatchObject({
      event: {
        messageId: 'm-1',
        type: 'note.kept',
        key: 'user-7',
        payload: '{"n": 1.0}',
        eventId: body.eventId,
      },
      identity: identityOf('payments', 'm-1'),
      contentHash: contentHash('note.kept', 'user-7', '{"n": 1.0}'),
    });
    expect(await audit()).toEqual([
      {
        ...author,
        action: 'quarantine.reprocess',
        target: `${LOG} 3 1`,
        result: `published: payments m-1 at ${body.partition} ${body.offset}`,
      },
    ]);
    const list = await stage.http.get('/api/v1/quarantine').expect(200);
    expect(list.body.rows).toMatchObject([{ offset: '1', reprocessedBy: 'ana' }]);
  });

  it('publishes nothing at the second click', async () => {
    const path = await quarantine(stage, {});
    await stage.http.post(`${path}/reprocess`).send(author).expect(200);
    const { body } = await stage.http.post(`${path}/reprocess`).send(author).expect(409);
    expect(body.error.code).toBe('conflict');
    expect(await logged(log)).toHaveLength(1);
    expect((await audit()).map(({ result }) => result).at(-1)).toBe('refused: conflict');
  });

  it('publishes a twin after a crash between publish and mark, which its identity dedupes', async () => {
    const path = await quarantine(stage, {});
    await stage.http.post(`${path}/reprocess`).send(author).expect(200);
    await stage.pool.query('update bus.quarantine set reprocessed_at = null'); // as the crash would have left it
    await stage.http.post(`${path}/reprocess`).send(author).expect(200);
    const twins = (await logged(log)).map((record) => decodeRecord(record, { logId: LOG }));
    expect(twins).toHaveLength(2);
    const [one, other] = twins as { identity: string; contentHash: Buffer }[];
    expect([other.identity, other.contentHash]).toEqual([one.identity, one.contentHash]);
  });

  it('sends an edited record as a new event that is linked to it', async () => {
    const path = await quarantine(stage, { value: '{"n":', fault: 'not_json' });

    const { body } = await stage.http
      .post(`${path}/resend`)
      .send({ ...author, payload: { n: 2 } })
      .expect(200);

    expect(body).toMatchObject({ outcome: 'resent', source: 'payments', messageId: 'm-1~2' });
    const [record] = await logged(log);
    expect(decodeRecord(record, { logId: LOG })).toMatchObject({
      event: { messageId: 'm-1~2', type: 'note.kept', key: 'user-7', payload: '{"n":2}' },
    });
    const one = await stage.http
      .get('/api/v1/quarantine/record')
      .query({ logId: LOG, partition: 3, offset: '1' })
      .expect(200);
    expect(one.body).toMatchObject({
      reprocessedBy: 'ana',
      resentAs: [{ source: 'payments', messageId: 'm-1~2', actor: 'ana', reason: author.reason }],
    });
    await stage.http
      .post(`${path}/resend`)
      .send({ ...author, payload: { n: 3 } })
      .expect(409);
  });
}

describe(QuarantineRepairController, () => {
  describe('on the PostgreSQL broker', () => {
    const open = async () => {
      const stage = await openConsole();
      const log: BrokerOptions = { broker: 'postgres', databaseUrl: stage.databaseUrl };
      await ensureLog(log);
      return { stage, log };
    };
    repairsQuarantine(open);

    describe('refuses', () => {
      let stage: ConsoleStage;
      let log: BrokerOptions;
      beforeAll(async () => ({ stage, log } = await open()), CONSOLE_READY_MS);
      afterAll(() => stage.close());
      const nothingPublished = async () => expect(await logged(log)).toEqual([]);

      it('a record that is still faulty, naming the fault', async () => {
        const path = await quarantine(stage, { offset: 11, headers: { ce_specversion: '0.3' } });
        const { body } = await stage.http.post(`${path}/reprocess`).send(author).expect(422);
        expect(body.error.message).toContain('unknown_specversion');
        expect(body.error.faults).toEqual([{ path: '/record', message: 'ce_specversion is not 1.0' }]);
        await nothingPublished();
      });

      it('one whose id another content has, and says how to go on', async () => {
        const path = await quarantine(stage, { offset: 12, fault: 'identity_conflict' });
        const { body } = await stage.http.post(`${path}/reprocess`).send(author).expect(422);
        expect(body.error.faults[0].message).toContain('resend it under a new messageId');
        await nothingPublished();
      });

      it('a record that is not there, and a request without a reason', async () => {
        await stage.http.post(`/api/v1/quarantine/x/3/9/reprocess`).send(author).expect(404);
        const path = await quarantine(stage, { offset: 13 });
        const { body } = await stage.http.post(`${path}/reprocess`).send({}).expect(400);
        expect(body.error.faults).toMatchObject([{ path: '/reason' }]);
        await nothingPublished();
      });

      it('to send in the name of another source, and asks for what cannot be read', async () => {
        const own = await quarantine(stage, { offset: 14 });
        const other = await stage.http
          .post(`${own}/resend`)
          .send({ ...author, source: 'orders' })
          .expect(422);
        expect(other.body.error.faults).toEqual([{ path: '/source', message: 'the record names its own' }]);
        const unnamed = await quarantine(stage, {
          offset: 15,
          headers: { ce_source: 'a b', ce_type: '' },
          value: null,
        });
        const missing = await stage.http.post(`${unnamed}/resend`).send(author).expect(422);
        expect(missing.body.error.faults).toEqual([
          { path: '/source', message: 'required: the record names none' },
        ]);
        const given = await stage.http
          .post(`${unnamed}/resend`)
          .send({ ...author, source: 'orders' })
          .expect(400);
        expect(given.body.error.faults.map(({ path }: { path: string }) => path)).toEqual([
          '/type',
          '/payload',
        ]);
        await nothingPublished();
      });

      it('while the log is not there, and goes on once it is', async () => {
        const bare = await openConsole();
        const path = await quarantine(bare, {});
        const { body } = await bare.http.post(`${path}/reprocess`).send(author).expect(503);
        expect(body.error).toMatchObject({
          outcome: 'not_accepted',
          message: expect.stringContaining('run bus-migrate'),
        });
        await ensureLog({ broker: 'postgres', databaseUrl: bare.databaseUrl });
        await bare.http.post(`${path}/reprocess`).send(author).expect(200);
        await bare.close();
      });
    });
  });
});

describeWithKafka('QuarantineRepairController on Kafka', () => {
  repairsQuarantine(async () => {
    const { brokers } = await sharedTestKafka();
    const topic = `events-${randomUUID()}`;
    const log: BrokerOptions = {
      broker: 'kafka',
      kafkaBrokers: [brokers],
      topic,
      partitions: 3,
      devSingleBroker: true,
    };
    await ensureLog(log);
    const stage = await openConsole({
      BUS_BROKER: 'kafka',
      KAFKA_BROKERS: brokers,
      BUS_TOPIC: topic,
      BUS_PARTITIONS: '3',
      DEV_SINGLE_BROKER: 'true',
    });
    return { stage, log };
  });
});
