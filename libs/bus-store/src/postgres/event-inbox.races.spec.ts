import type { RunnableGraph } from '@bus/domain';
import type { PoolClient } from 'pg';
import type { InboxBatch, IngestOutcome, PlannedEvent } from '../event-inbox';
import { InboxHarness, untilWaiting } from '../testing';
import { PostgresEventInbox } from './event-inbox.repository';
import { ingestQuery } from './inbox/ingest-statement';
import { planRows } from './inbox/planned-rows';

/** Rounds on a machine that others use too. */
jest.setTimeout(60_000);

describe(`${PostgresEventInbox.name}: races`, () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;
  let ordered: number;

  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('race.event', [
      { name: 'race.plain' },
      { name: 'race.ordered', ordered: true },
    ]);
    ordered = graph.operations[1].operationId;
  });
  afterAll(() => harness.close());

  /** Runs `race` while `first` is uncommitted; commits once `waiting` connections stand before its locks. */
  async function whileOpen<T>(
    first: (client: PoolClient) => Promise<unknown>,
    waiting: number,
    race: () => Promise<T>,
    end = 'commit',
  ): Promise<T> {
    const gate = await harness.pool.connect();
    try {
      await gate.query('begin');
      await first(gate);
      const racing = race();
      await Promise.race([untilWaiting(harness.pool, waiting), racing]);
      await gate.query(end);
      return await racing;
    } finally {
      gate.release();
    }
  }

  const uncommitted = (batch: InboxBatch) => (client: PoolClient) =>
    client.query(ingestQuery(batch, planRows(batch.events), 'any'));
  const existing = async (planned: PlannedEvent, table = 'event') =>
    (await harness.pool.query(`select from bus.${table} where event_id = $1`, [planned.event.eventId]))
      .rowCount;

  it('lets one of two consumers of a partition go on, and tells the other where', async () => {
    const batches = [
      await harness.batch([harness.planned(graph), harness.planned(graph)]),
      await harness.batch([harness.planned(graph)]),
    ];
    const outcomes = await whileOpen(
      (client) =>
        client.query('select from bus.consumer_offset where log_id = $1 for update', [harness.logId]),
      2,
      () => Promise.all(batches.map((batch) => harness.inbox.ingest(batch))),
    );
    const won = outcomes.findIndex((outcome) => outcome.outcome === 'stored');
    expect(outcomes[1 - won]).toEqual({ outcome: 'moved', position: batches[won].next });
    expect(await harness.position()).toBe(batches[won].next);
    for (const planned of batches[1 - won].events) expect(await existing(planned)).toBe(0);
  });

  it.each([
    ['the same content', {}, { fresh: 0, repeated: 1, quarantined: 0, started: [] }],
    ['other content', { payload: '{}' }, { fresh: 0, repeated: 0, quarantined: 1, started: [] }],
  ])(
    'stores a message once that two partitions bring at the same moment: %s',
    async (_title, over, expected) => {
      const first = harness.planned(graph);
      const twin = harness.planned(graph, { messageId: first.event.messageId, ...over });
      const one = await harness.batch([first], { partition: 1 });
      const two = await harness.batch([twin], { partition: 2 });
      const outcome = await whileOpen(uncommitted(one), 1, () => harness.inbox.ingest(two));
      expect(outcome).toEqual({ outcome: 'stored', ...expected });
      expect([await existing(first), await existing(twin)]).toEqual([1, 0]);
    },
  );

  it('stores a message whose twin was rolled back', async () => {
    const first = harness.planned(graph);
    const twin = harness.planned(graph, { messageId: first.event.messageId });
    const one = await harness.batch([first], { partition: 1 });
    const two = await harness.batch([twin], { partition: 2 });
    const outcome = await whileOpen(uncommitted(one), 1, () => harness.inbox.ingest(two), 'rollback');
    expect(outcome).toMatchObject({ outcome: 'stored', fresh: 1 });
    expect(await existing(twin)).toBe(1);
  });

  it('never deadlocks where partitions bring the same messages and keys in opposite order', async () => {
    const before = harness.pool.transactionsAgain;
    for (let round = 0; round < 20; round += 1) {
      const events = Array.from({ length: 40 }, (_, index) =>
        harness.planned(graph, { key: `key-${index % 9}` }),
      );
      const repeats = events.map((row) =>
        harness.planned(graph, { messageId: row.event.messageId, key: row.event.key }),
      );
      const one = await harness.batch(events, { partition: 3 });
      const two = await harness.batch(repeats.reverse(), { partition: 4 });
      const outcomes = await Promise.all([one, two].map((batch) => harness.inbox.ingest(batch)));
      const sum = (field: 'fresh' | 'repeated') =>
        outcomes.reduce((total, outcome) => total + (outcome.outcome === 'stored' ? outcome[field] : 0), 0);
      expect([sum('fresh'), sum('repeated')]).toEqual([40, 40]);
    }
    expect(harness.pool.transactionsAgain).toBe(before);
  });

  describe('with a cancel', () => {
    it('is cancelled or too late, never something between, in 200 rounds', async () => {
      const outcomes = { cancelled: 0, too_late: 0 };
      for (let round = 0; round < 200; round += 1) {
        const planned = harness.planned(graph, { key: `round-${round}` });
        const batch = await harness.batch([planned], { partition: 5 });
        // Both stand before the same identity, so that either may be the first.
        const [ingested, cancelled] = await whileOpen(
          (client) =>
            client.query(`insert into bus.event_identity (identity, prune_after) values ($1, '2099-01-01')`, [
              planned.identity,
            ]),
          2,
          () => {
            const ingest = () => harness.inbox.ingest(batch);
            const cancel = () => harness.control.cancel(harness.reference(planned));
            if (round % 2 === 0) return Promise.all([ingest(), cancel()]);
            return Promise.all([cancel(), ingest()]).then(([answer, outcome]) => [outcome, answer] as const);
          },
          'rollback',
        );
        expect(ingested).toMatchObject({ outcome: 'stored', fresh: 1 });
        const started = (ingested as Extract<IngestOutcome, { outcome: 'stored' }>).started.length;
        const running = await existing(planned, 'in_flight');
        const states = Object.values(await harness.store.states(planned.event.eventId));
        if (cancelled.outcome === 'cancelled') {
          outcomes.cancelled += 1;
          expect([started, running, ...states]).toEqual([0, 0, 'cancelled', 'cancelled']);
        } else {
          outcomes.too_late += 1;
          expect([cancelled.outcome, started, running, ...states]).toEqual([
            'too_late',
            2,
            2,
            'in_flight',
            'in_flight',
          ]);
        }
      }
      expect(outcomes.cancelled).toBeGreaterThan(0);
      expect(outcomes.too_late).toBeGreaterThan(0);
    });

    it('promotes what was appended to the lane of a cancelled head a moment before', async () => {
      const key = 'append';
      const [head, next] = [
        harness.planned(graph, { key, slot: false }),
        harness.planned(graph, { key, slot: false }),
      ];
      await harness.ingest([head]);
      const batch = await harness.batch([next], { partition: 6 });
      const answer = await whileOpen(uncommitted(batch), 1, () =>
        harness.control.cancel(harness.reference(head)),
      );
      expect(answer.outcome).toBe('cancelled');
      const { rows } = await harness.pool.query(
        `select l.head_event_id, d.event_id as due from bus.lane l
           left join bus.due d on d.event_id = l.head_event_id and d.operation_id = l.operation_id where l.key = $1`,
        [key],
      );
      expect(rows).toEqual([{ head_event_id: next.event.eventId, due: next.event.eventId }]);
    });

    it('starts at once what comes to a lane that ended a moment before', async () => {
      const key = 'ended';
      const head = harness.planned(graph, { key, slot: false });
      await harness.ingest([head]);
      const next = harness.planned(graph, { key });
      const outcome = await whileOpen(
        async (client) => {
          await client.query('delete from bus.due where event_id = $1', [head.event.eventId]);
          await client.query('delete from bus.lane where operation_id = $1 and key = $2', [ordered, key]);
        },
        1,
        () => harness.ingest([next]),
      );
      expect(outcome).toMatchObject({ started: [{ operationId: ordered - 1 }, { operationId: ordered }] });
    });
  });
});
