import { randomUUID } from 'node:crypto';
import {
  createLogEnds,
  createPublisher,
  createSpanReader,
  ensureLog,
  type BrokerOptions,
  type OutgoingRecord,
} from '@bus/broker';
import { decodeRecord, encodeRecord, newEventId, type IncomingRecord } from '@bus/domain';
import { describeWithKafka, sharedTestKafka } from '@bus/kafka-dev';
import { InboxHarness } from '@bus/store/testing';
import type { BusCliConfig } from './bus-cli.config';
import { isReconciled, reconcile } from './reconcile';
import { renderReconcile } from './render-reconcile';

const PARTITIONS = 2;

function event(messageId: string, payload = '{"n":1}'): OutgoingRecord {
  return encodeRecord({
    eventId: newEventId({ nowMs: Date.now(), random: randomBytesOf(messageId) }),
    source: 'payments',
    messageId,
    type: 'note.kept',
    key: 'one-key',
    payload,
    occurredAt: new Date().toISOString(),
    deliverAt: null,
    traceparent: null,
  });
}

/** 16 bytes of its own for each call. */
function randomBytesOf(text: string): Uint8Array {
  return Buffer.from(`${text}${randomUUID()}`.padEnd(16)).subarray(-16);
}

/** A log, and the real inbox that stores what is in it; the bus-consumer's part, a record at a time. */
class Stage {
  readonly publisher;

  constructor(
    readonly harness: InboxHarness,
    readonly config: BusCliConfig,
  ) {
    this.publisher = createPublisher(config.broker);
  }

  static async open(broker: (databaseUrl: string) => Promise<BrokerOptions>): Promise<Stage> {
    const harness = await InboxHarness.open();
    const { url } = harness.store.database;
    const options = await broker(url);
    await ensureLog(options);
    const stage = new Stage(harness, { databaseUrl: url, databasePool: 6, broker: options });
    await stage.publisher.start();
    return stage;
  }

  async publish(...records: OutgoingRecord[]): Promise<void> {
    for (const record of records) {
      const [result] = await this.publisher.publish([record]);
      if (result.outcome !== 'accepted') throw new Error(`${result.outcome}: ${String(result.cause)}`);
    }
  }

  /** Stores what is new in the log. @param skipped message ids of records that are passed over: gaps */
  async store(...skipped: string[]): Promise<void> {
    const { broker } = this.config;
    const [ends, reader] = [createLogEnds(broker), createSpanReader(broker)];
    const { logId, bounds } = await ends.read();
    const starts = new Map([...bounds].map(([partition, { start }]) => [partition, start]));
    const positions = await this.harness.inbox.positions(logId, starts);
    const spans = [...bounds].map(([partition, { end }]) => ({
      partition,
      from: positions.get(partition) ?? 0n,
      to: end,
    }));
    const at = new Map(positions);
    await reader.read(spans, async ({ partition, records, next }) => {
      for (const record of records) {
        const start = at.get(partition) ?? 0n;
        await this.harness.inbox.ingest({
          ...rowsOf(record, logId, skipped),
          logId,
          partition,
          start,
          next: record.offset + 1n,
          dispatcherId: 1,
        });
        at.set(partition, record.offset + 1n);
      }
      if (at.get(partition) === next) return;
      const { pool } = this.harness;
      await pool.query(
        'update bus.consumer_offset set next_offset = $1 where log_id = $2 and partition = $3',
        [next, logId, partition],
      );
      at.set(partition, next);
    });
    await reader.stop();
    await ends.stop();
  }

  async close(): Promise<void> {
    await this.publisher.stop();
    await this.harness.close();
  }
}

function rowsOf(record: IncomingRecord, logId: string, skipped: readonly string[]) {
  const id = record.headers.find(([name]) => name === 'ce_id')?.[1].toString() ?? '';
  if (skipped.includes(id)) return { events: [], quarantined: [] };
  const decoded = decodeRecord(record, { logId });
  if ('fault' in decoded) return { events: [], quarantined: [{ record, ...decoded }] };
  return {
    events: [{ ...decoded, record, offset: record.offset, graphId: null, executions: [] }],
    quarantined: [],
  };
}

const sums = ({ log }: Awaited<ReturnType<typeof reconcile>>) =>
  log.partitions.reduce<Record<string, number>>((sum, { ends }) => {
    for (const [end, count] of Object.entries(ends)) if (count > 0) sum[end] = (sum[end] ?? 0) + count;
    return sum;
  }, {});

/** What holds on both brokers. */
function reconciles(broker: (databaseUrl: string) => Promise<BrokerOptions>): void {
  let stage: Stage;
  beforeEach(async () => (stage = await Stage.open(broker)), 120_000);
  afterEach(() => stage.close());

  it('explains every record: stored, twin, cancelled before it came, quarantined', async () => {
    await stage.harness.control.cancel({ source: 'payments', messageId: 'cancelled' });
    await stage.publish(event('a'), event('a'), event('a', '{"n":2}'), event('cancelled'), {
      ...event('bad'),
      value: Buffer.from('{'),
    });
    await stage.store();
    await stage.publish(event('unread'));
    const lines: string[] = [];

    const report = await reconcile(stage.config, { onProgress: (line) => lines.push(line) });

    expect(sums(report)).toEqual({ stored: 2, twin: 1, quarantined: 2 });
    expect(report.log.partitions.reduce((sum, { lag }) => sum + lag, 0n)).toBe(1n);
    expect([report.log.gaps, report.faults, isReconciled(report)]).toEqual([[], [], true]);
    expect(lines).toContain('log: 5 records');
    expect(renderReconcile(report)).toContain('✓ accepted = stored = ended or explained');
  }, 150_000);

  it('finds records that were passed over, and mends them so that the next run finds none', async () => {
    await stage.publish(event('a'), event('gone'), { ...event('bad'), value: Buffer.from('{') }, event('b'));
    await stage.store('gone', 'bad');

    const found = await reconcile(stage.config);
    expect(sums(found)).toEqual({ stored: 2, missing: 2 });
    expect(found.log.gaps).toMatchObject([
      { kind: 'missing', detail: 'note.kept gone of payments', repaired: null },
      { kind: 'missing', detail: expect.stringContaining('not_json'), repaired: null },
    ]);
    expect(isReconciled(found)).toBe(false);
    expect(renderReconcile(found)).toContain('note.kept gone of payments');

    const mended = await reconcile(stage.config, { repair: true });
    expect(mended.log.gaps.map(({ repaired }) => repaired)).toEqual([
      expect.stringMatching(/^published again at/),
      'put into quarantine as not_json',
    ]);
    expect(isReconciled(mended)).toBe(false);

    await stage.store();
    const proved = await reconcile(stage.config);
    expect(sums(proved)).toEqual({ stored: 3, twin: 1, quarantined: 1 });
    expect(isReconciled(proved)).toBe(true);
  }, 150_000);

  it('finds an id that kept another content without a trace of this one, and an event that is gone', async () => {
    await stage.publish(event('a'), event('a', '{"n":2}'), event('lost'));
    await stage.store();
    const { pool } = stage.harness;
    await pool.query('delete from bus.quarantine');
    await pool.query(`delete from bus.event where message_id = 'lost'`);
    expect(sums(await reconcile(stage.config))).toEqual({ stored: 1, other_content: 1, event_missing: 1 });

    const mended = await reconcile(stage.config, { repair: true });
    expect(mended.log.gaps.map(({ repaired }) => repaired)).toEqual([
      'put into quarantine as identity_conflict',
      null,
    ]);
    expect(sums(await reconcile(stage.config))).toEqual({ stored: 1, quarantined: 1, event_missing: 1 });
  }, 150_000);

  it('finds a stored position that the log does not hold', async () => {
    await stage.publish(event('a'));
    await stage.store();
    await stage.harness.pool.query('update bus.consumer_offset set next_offset = next_offset + 100');
    const report = await reconcile(stage.config);
    expect(isReconciled(report)).toBe(false);
    expect(renderReconcile(report)).toMatch(/stored up to 10\d, but the log ends at/);
  }, 150_000);

  it('finds executions without a home', async () => {
    const graph = await stage.harness.store.graph('note.kept', [{ name: 'notes.keep' }]);
    const eventId = await stage.harness.store.event(graph);
    const report = await reconcile(stage.config);
    expect(report.faults).toMatchObject([{ kind: 'lost', eventId, operation: 'notes.keep' }]);
    expect(report.totals).toEqual([{ operation: 'notes.keep', state: null, executions: 1 }]);
    expect(isReconciled(report)).toBe(false);
    expect(await reconcile(stage.config, { since: new Date(Date.now() + 60_000) })).toMatchObject({
      faults: [],
    });
  }, 150_000);
}

describe(reconcile, () => {
  reconciles((databaseUrl) => Promise.resolve({ broker: 'postgres', databaseUrl, partitions: PARTITIONS }));
});

describeWithKafka('reconcile on Kafka', () => {
  reconciles(async () => {
    const { brokers } = await sharedTestKafka();
    return {
      broker: 'kafka',
      kafkaBrokers: [brokers],
      topic: `events-${randomUUID()}`,
      partitions: PARTITIONS,
      devSingleBroker: true,
    };
  });
});
