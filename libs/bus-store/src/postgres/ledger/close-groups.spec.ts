import type { RunnableGraph } from '@bus/domain';
import { LedgerHarness } from '../../testing/ledger-harness';
import { PostgresExecutionLedger } from '../execution-ledger.repository';

describe(`${PostgresExecutionLedger.name}.close, the record of several operations of an event`, () => {
  let harness: LedgerHarness;
  let graph: RunnableGraph;
  let ids: [number, number, number];

  beforeAll(async () => {
    harness = await LedgerHarness.open();
    graph = await harness.graph('spec.group', [{ name: 'a.run' }, { name: 'b.run' }, { name: 'c.run' }]);
    ids = graph.operations.map((operation) => operation.operationId) as typeof ids;
  });
  afterAll(() => harness.close());

  const started = async () => {
    const eventId = await harness.event(graph);
    for (const operationId of ids) await harness.inFlight(eventId, operationId);
    return eventId;
  };
  const rowsOf = async (eventId: string) =>
    Number(
      (
        await harness.pool.query<{ n: string }>(
          'select count(*) as n from bus.attempt_group where event_id = $1',
          [eventId],
        )
      ).rows[0]?.n,
    );
  const attemptsOf = async (eventId: string) =>
    (
      await harness.pool.query(
        `select operation_id, attempt, outcome, code, output, duration_ms from bus.attempt
          where event_id = $1 order by operation_id`,
        [eventId],
      )
    ).rows;

  it('is one row where they ended alike, and one attempt of each to a reader', async () => {
    const eventId = await started();
    const ends = ids.map((id, at) => harness.end(graph, eventId, id, { durationMs: at === 1 ? null : at }));
    expect((await harness.ledger.close(ends, harness.context())).applied).toEqual([true, true, true]);
    expect(await rowsOf(eventId)).toBe(1);
    const like = { attempt: 1, outcome: 0, code: null, output: null };
    expect(await attemptsOf(eventId)).toEqual([
      { operation_id: ids[0], ...like, duration_ms: 0 },
      { operation_id: ids[1], ...like, duration_ms: null },
      { operation_id: ids[2], ...like, duration_ms: 2 },
    ]);
    expect(await harness.states(eventId)).toEqual({
      'a.run': 'completed',
      'b.run': 'completed',
      'c.run': 'completed',
    });
  });

  it('names no operation that was fenced off', async () => {
    const eventId = await started();
    await harness.pool.query(
      'update bus.in_flight set attempt = 2 where event_id = $1 and operation_id = $2',
      [eventId, ids[1]],
    );
    const ends = ids.map((id) => harness.end(graph, eventId, id));
    expect((await harness.ledger.close(ends, harness.context())).applied).toEqual([true, false, true]);
    expect((await attemptsOf(eventId)).map((row) => row.operation_id)).toEqual([ids[0], ids[2]]);
    expect((await harness.states(eventId))['b.run']).toBe('in_flight');
  });

  it('keeps apart what has an output, a code or an outcome of its own', async () => {
    const eventId = await started();
    const again = { kind: 'again', inMs: 60_000, counts: true, maxAgeMs: null } as const;
    const ends = [
      harness.end(graph, eventId, ids[0], { output: '{"points":3}' }),
      harness.end(graph, eventId, ids[1]),
      harness.end(graph, eventId, ids[2], { outcome: 'timeout', after: again }),
    ];
    await harness.ledger.close(ends, harness.context());
    expect(await rowsOf(eventId)).toBe(3);
    expect(await attemptsOf(eventId)).toMatchObject([
      { operation_id: ids[0], outcome: 0, output: { points: 3 } },
      { operation_id: ids[1], outcome: 0, output: null },
      { operation_id: ids[2], outcome: 4, output: null },
    ]);
  });

  it('keeps the events of a group commit apart', async () => {
    const [first, second] = [await started(), await started()];
    const ends = ids.flatMap((id) => [harness.end(graph, first, id), harness.end(graph, second, id)]);
    await harness.ledger.close(ends, harness.context());
    for (const eventId of [first, second]) {
      expect(await rowsOf(eventId)).toBe(1);
      expect((await attemptsOf(eventId)).map((row) => row.operation_id)).toEqual(ids);
    }
  });

  it('says of each end whether it was applied, in whatever order they come', async () => {
    const [first, second] = [await started(), await started()];
    await harness.pool.query(
      'update bus.in_flight set attempt = 2 where (event_id, operation_id) in (($1, $3), ($2, $4))',
      [first, second, ids[1], ids[2]],
    );
    const ends = [
      harness.end(graph, second, ids[2]),
      harness.end(graph, first, ids[0]),
      harness.end(graph, second, ids[0]),
      harness.end(graph, first, ids[1]),
      harness.end(graph, second, ids[2], { attempt: 2 }),
      harness.end(graph, first, ids[2]),
    ];
    const { applied } = await harness.ledger.close(ends, harness.context());
    expect(applied).toEqual([false, true, true, false, true, true]);
    expect((await attemptsOf(second)).map((row) => [row.operation_id, row.attempt])).toEqual([
      [ids[0], 1],
      [ids[2], 2],
    ]);
    const again = await harness.ledger.close(ends.slice(0, 3), harness.context());
    expect(again.applied).toEqual([false, false, false]);
  });
});
