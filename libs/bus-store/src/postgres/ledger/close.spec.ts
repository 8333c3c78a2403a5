import type { RunnableGraph } from '@bus/domain';
import { LedgerHarness } from '../../testing/ledger-harness';
import { PostgresExecutionLedger } from '../execution-ledger.repository';

describe(`${PostgresExecutionLedger.name}.close`, () => {
  let harness: LedgerHarness;
  let graph: RunnableGraph;
  let a: number;
  let b: number;
  let c: number;

  beforeAll(async () => {
    harness = await LedgerHarness.open();
    graph = await harness.graph('spec.close', [
      { name: 'a.run' },
      { name: 'b.run', dependsOn: ['a.run'] },
      { name: 'c.run', dependsOn: ['a.run', 'b.run'], onDependencyDead: 'skip' },
      { name: 'd.run', dependsOn: ['c.run'], onDependencyDead: 'run' },
      { name: 'e.run' },
    ]);
    [a, b, c] = graph.operations.map((operation) => operation.operationId) as [number, number, number];
  });
  afterAll(() => harness.close());

  const alone = () => graph.operations[4]?.operationId ?? 0;

  it('ends an attempt once: the second close is fenced off', async () => {
    const eventId = await harness.event(graph);
    await harness.inFlight(eventId, alone());
    const end = harness.end(graph, eventId, alone());
    expect((await harness.ledger.close([end], harness.context())).applied).toEqual([true]);
    expect((await harness.ledger.close([end], harness.context())).applied).toEqual([false]);
    const { rows } = await harness.pool.query(
      'select attempt, outcome, duration_ms from bus.attempt where event_id = $1',
      [eventId],
    );
    expect(rows).toEqual([{ attempt: 1, outcome: 0, duration_ms: 3 }]);
  });

  it('drops a result whose attempt number is not the one in flight', async () => {
    const eventId = await harness.event(graph);
    await harness.inFlight(eventId, alone(), { attempt: 2 });
    const outcome = await harness.ledger.close(
      [harness.end(graph, eventId, alone(), { attempt: 1 })],
      harness.context(),
    );
    expect(outcome.applied).toEqual([false]);
    expect((await harness.states(eventId))['e.run']).toBe('in_flight');
  });

  it('puts a retry into due after its backoff, by the database clock', async () => {
    const eventId = await harness.event(graph);
    await harness.inFlight(eventId, alone(), { attempt: 3 });
    await harness.ledger.close(
      [
        harness.end(graph, eventId, alone(), {
          attempt: 3,
          outcome: 'retry',
          after: { kind: 'again', inMs: 60_000, counts: true, maxAgeMs: 1e9 },
        }),
      ],
      harness.context(),
    );
    const { rows } = await harness.pool.query(
      `select attempt, counted, due_at > clock_timestamp() + interval '55 s' as late from bus.due where event_id = $1`,
      [eventId],
    );
    expect(rows).toEqual([{ attempt: 3, counted: 3, late: true }]);
    expect((await harness.states(eventId))['e.run']).toBe('retrying');
  });

  it('does not count an attempt that was given back', async () => {
    const eventId = await harness.event(graph);
    await harness.inFlight(eventId, alone(), { attempt: 3 });
    await harness.ledger.close(
      [
        harness.end(graph, eventId, alone(), {
          attempt: 3,
          outcome: 'given_back',
          after: { kind: 'again', inMs: 0, counts: false, maxAgeMs: null },
        }),
      ],
      harness.context(),
    );
    const { rows } = await harness.pool.query('select attempt, counted from bus.due where event_id = $1', [
      eventId,
    ]);
    expect(rows).toEqual([{ attempt: 3, counted: 2 }]);
  });

  it('makes a dead letter of what is too old to be tried again', async () => {
    const eventId = await harness.event(graph, null, { storedAgoMs: 10_000 });
    await harness.inFlight(eventId, alone());
    const outcome = await harness.ledger.close(
      [
        harness.end(graph, eventId, alone(), {
          outcome: 'timeout',
          after: { kind: 'again', inMs: 1, counts: true, maxAgeMs: 9_000 },
        }),
      ],
      harness.context(),
    );
    expect(outcome.dead).toEqual([0]);
    expect((await harness.states(eventId))['e.run']).toBe('dead');
  });

  it('starts a dependent with the output of what it depends on', async () => {
    const eventId = await harness.event(graph);
    await harness.inFlight(eventId, a);
    await harness.waiting(eventId, b, { pending: [a] });
    await harness.waiting(eventId, c, { pending: [a, b] });
    const outcome = await harness.ledger.close(
      [harness.end(graph, eventId, a, { output: '{"code":"X7"}' })],
      harness.context(9),
    );
    expect(outcome.released.executions).toEqual([
      {
        eventId,
        operationId: b,
        attempt: 1,
        counted: 1,
        inputs: { 'a.run': { code: 'X7' } },
        forcedRuns: 0,
        leaseMs: 15_000,
      },
    ]);
    expect(outcome.released.events).toMatchObject([{ eventId, type: 'spec.close', graphId: graph.graphId }]);
    expect(await harness.states(eventId)).toMatchObject({
      'a.run': 'completed',
      'b.run': 'in_flight',
      'c.run': 'waiting',
    });
  });

  it('puts a dependent into due where no slot is free', async () => {
    const eventId = await harness.event(graph);
    await harness.inFlight(eventId, a);
    await harness.waiting(eventId, b, { pending: [a] });
    harness.slots.set(b, 0);
    const outcome = await harness.ledger.close([harness.end(graph, eventId, a)], harness.context());
    harness.slots.delete(b);
    expect(outcome).toMatchObject({ dueNow: true, released: { executions: [] } });
    expect((await harness.states(eventId))['b.run']).toBe('scheduled');
  });

  it('holds, skips or runs dependents of a dead operation as each of them says', async () => {
    const eventId = await harness.event(graph);
    const d = graph.operations[3]?.operationId ?? 0;
    await harness.inFlight(eventId, a);
    await harness.waiting(eventId, b, { pending: [a] });
    await harness.waiting(eventId, c, { pending: [a, b] });
    await harness.waiting(eventId, d, { pending: [c] });
    const outcome = await harness.ledger.close(
      [
        harness.end(graph, eventId, a, {
          outcome: 'rejected',
          code: 'no',
          after: { kind: 'dead', cause: 'rejected' },
        }),
      ],
      harness.context(),
    );
    expect(outcome.dead).toEqual([0]);
    expect(await harness.states(eventId)).toMatchObject({
      'a.run': 'rejected',
      'b.run': 'held',
      'c.run': 'skipped',
      'd.run': 'in_flight',
    });
  });

  it('releases a dependent exactly once when its two dependencies end at the same time', async () => {
    for (let round = 0; round < 100; round += 1) {
      const eventId = await harness.event(graph);
      await harness.inFlight(eventId, a);
      await harness.inFlight(eventId, b);
      await harness.waiting(eventId, c, { pending: [a, b] });
      const outcomes = await Promise.all([
        harness.ledger.close([harness.end(graph, eventId, a)], harness.context(1)),
        harness.ledger.close([harness.end(graph, eventId, b)], harness.context(2)),
      ]);
      expect(
        outcomes.flatMap((outcome) => outcome.released.executions.map((one) => one.operationId)),
      ).toEqual([c]);
    }
  });

  it('releases a delayed dependent that is being claimed while its dependency ends', async () => {
    for (let round = 0; round < 100; round += 1) {
      const eventId = await harness.event(graph);
      await harness.inFlight(eventId, a);
      await harness.due(eventId, b, { pending: [a] });
      const [claimed, closed] = await Promise.all([
        harness.ledger.claim([harness.room(b)], harness.context(1)),
        harness.ledger.close([harness.end(graph, eventId, a)], harness.context(2)),
      ]);
      const mine = (list: { eventId: string }[]) => list.filter((one) => one.eventId === eventId).length;
      const started = mine(claimed.executions) + mine(closed.released.executions);
      const later = await harness.ledger.claim([harness.room(b)], harness.context(1));
      expect(started + mine(later.executions)).toBe(1);
    }
  });
});
