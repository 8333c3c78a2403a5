import type { RunnableGraph } from '@bus/domain';
import { LedgerHarness } from '../../testing';
import { PostgresExecutionLedger } from '../execution-ledger.repository';

describe(`${PostgresExecutionLedger.name}.claim, retries beside fresh work`, () => {
  let harness: LedgerHarness;
  let graph: RunnableGraph;
  let plain: number;
  let ordered: number;
  beforeEach(async () => {
    harness = await LedgerHarness.open();
    graph = await harness.graph('share.event', [
      { name: 'share.plain' },
      { name: 'share.ordered', ordered: true },
    ]);
    [plain, ordered] = graph.operations.map(({ operationId }) => operationId);
  });
  afterEach(() => harness.close());

  /** So many due rows, each older than the one before. */
  const due = async (
    operationId: number,
    count: number,
    attempt: number,
    agoMs: number,
    key: string | null,
  ) => {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      const eventId = await harness.event(graph, key && `${key}-${attempt}-${n}`);
      await harness.due(eventId, operationId, {
        inMs: -agoMs - n,
        attempt,
        key: key && `${key}-${attempt}-${n}`,
      });
      ids.push(eventId);
    }
    return ids;
  };

  it.each(['plain', 'ordered'])(
    'trap-16: takes retries of a %s operation within their share while fresh work is due, however old they are',
    async (kind) => {
      const isOrdered = kind === 'ordered';
      const operationId = isOrdered ? ordered : plain;
      const key = isOrdered ? 'key' : null;
      await due(operationId, 20, 3, 600_000, key);
      await due(operationId, 12, 0, 1000, key);
      const room = harness.room(operationId, { free: 10, retries: 2, ordered: isOrdered });
      const claim = (over: object) => harness.ledger.claim([{ ...room, ...over }], harness.context(7));
      const first = await claim({});
      const retries = first.executions.filter(({ attempt }) => attempt > 1);
      expect([first.executions.length, retries.length]).toEqual([10, 2]);
      expect(first.more).toEqual(new Set([operationId]));

      const lowWater = first.lowWater.get(operationId) ?? null;
      const second = await claim({ retries: 0, lowWater });
      expect(second.executions.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1]);
      expect(second.more).toEqual(new Set([operationId]));
      // Nothing fresh is left: all room is theirs, and the mark has not passed them.
      const third = await claim({
        retries: 0,
        lowWater: second.lowWater.get(operationId) ?? lowWater,
        free: 30,
      });
      expect(third.executions).toHaveLength(18);
      expect(third.more).toEqual(new Set());
    },
  );

  it('finds fresh work behind 20,000 retries without reading those', async () => {
    await harness.pool.query(
      `insert into bus.due (operation_id, due_at, event_id, attempt, counted)
       select $1, clock_timestamp() - interval '1 h', gen_random_uuid(), 4, 4 from generate_series(1, 20000)`,
      [plain],
    );
    await due(plain, 3, 0, 1000, null);
    await harness.pool.query('analyze bus.due');
    const { rows } = await harness.pool.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, costs off, timing off) select event_id from bus.due
        where operation_id = ${plain} and least(attempt, 1) = 0
          and due_at > '-infinity'::timestamptz and due_at <= (select clock_timestamp())
        order by due_at, event_id limit 10 for update skip locked`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('Index Scan using due_share_idx');
    expect(plan).not.toContain('Rows Removed');
    expect(plan).not.toContain('Sort');

    const startedMs = performance.now();
    const { executions } = await harness.ledger.claim(
      [harness.room(plain, { free: 3, retries: 0 })],
      harness.context(7),
    );
    expect(executions.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});
