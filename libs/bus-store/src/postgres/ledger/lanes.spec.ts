import type { AttemptEnd } from '../../execution-ledger';
import type { RunnableGraph } from '@bus/domain';
import { LedgerHarness } from '../../testing/ledger-harness';
import { PostgresExecutionLedger } from '../execution-ledger.repository';

const DIED: Partial<AttemptEnd> = {
  outcome: 'rejected',
  code: 'no',
  after: { kind: 'dead', cause: 'rejected' },
};

describe(`${PostgresExecutionLedger.name}: lanes`, () => {
  let harness: LedgerHarness;
  let graph: RunnableGraph;
  let first: number;
  let strict: number;
  let lenient: number;

  beforeAll(async () => {
    harness = await LedgerHarness.open();
    graph = await harness.graph('spec.lanes', [
      { name: 'first.run' },
      { name: 'strict.run', ordered: true, dependsOn: ['first.run'] },
      {
        name: 'lenient.run',
        ordered: true,
        onDead: 'skip',
        dependsOn: ['first.run'],
        onDependencyDead: 'skip',
      },
    ]);
    [first, strict, lenient] = graph.operations.map((one) => one.operationId) as [number, number, number];
  });
  afterEach(() => harness.pool.query('truncate bus.due, bus.in_flight, bus.waiting, bus.lane'));
  afterAll(() => harness.close());

  const end = (eventId: string, operationId: number, over: Partial<AttemptEnd> = {}) =>
    harness.end(graph, eventId, operationId, { key: 'k', ...over });
  const close = async (...ends: AttemptEnd[]) =>
    (await harness.ledger.close(ends, harness.context())).released.executions.map((one) => [
      one.eventId,
      one.operationId,
    ]);

  /** A lane of three: the first heads it and runs, the others wait behind it. */
  async function laneOf(
    operationId: number,
    over: { pending?: number[] } = {},
  ): Promise<[string, string, string]> {
    const ids = [
      await harness.event(graph, 'k'),
      await harness.event(graph, 'k'),
      await harness.event(graph, 'k'),
    ] as const;
    await harness.lane(operationId, 'k', ids[0], 2);
    await harness.inFlight(ids[0], operationId);
    await harness.waiting(ids[1], operationId, { key: 'k', place: 0, pending: over.pending });
    await harness.waiting(ids[2], operationId, { key: 'k', place: 1 });
    return [...ids];
  }

  it('starts the lowest place when the head has ended, and ends the lane with its last', async () => {
    const [one, two, three] = await laneOf(strict);
    expect(await close(end(one, strict))).toEqual([[two, strict]]);
    expect(await close(end(two, strict))).toEqual([[three, strict]]);
    expect(await close(end(three, strict))).toEqual([]);
    expect(await harness.count('lane')).toBe(0);
  });

  it('keeps the lane while its head is to be tried again', async () => {
    const [one, two] = await laneOf(strict);
    const again = {
      outcome: 'retry',
      after: { kind: 'again', inMs: 1000, counts: true, maxAgeMs: null },
    } as const;
    expect(await close(end(one, strict, again))).toEqual([]);
    expect((await harness.states(two))['strict.run']).toBe('waiting');
    const { rows } = await harness.pool.query('select key from bus.due where event_id = $1', [one]);
    expect(rows).toEqual([{ key: 'k' }]);
  });

  it('stops behind a dead head under block', async () => {
    const [one, two] = await laneOf(strict);
    expect(await close(end(one, strict, DIED))).toEqual([]);
    expect((await harness.states(two))['strict.run']).toBe('held');
    const { rows } = await harness.pool.query('select head_event_id, blocked_by from bus.lane');
    expect(rows).toEqual([{ head_event_id: one, blocked_by: one }]);
  });

  it('goes on behind a dead head under skip', async () => {
    const [one, two] = await laneOf(lenient);
    expect(await close(end(one, lenient, DIED))).toEqual([[two, lenient]]);
  });

  it('lets the next head wait for its dependency without losing its turn', async () => {
    const [one, two, three] = await laneOf(strict, { pending: [first] });
    await harness.inFlight(two, first);
    expect(await close(end(one, strict))).toEqual([]);
    expect(await harness.states(three)).toMatchObject({ 'strict.run': 'waiting' });
    expect(await close(end(two, first))).toEqual([[two, strict]]);
    expect(await close(end(two, strict))).toEqual([[three, strict]]);
  });

  it('promotes and releases the same execution in one close', async () => {
    const [one, two] = await laneOf(strict, { pending: [first] });
    await harness.inFlight(two, first);
    expect(await close(end(one, strict), end(two, first))).toEqual([[two, strict]]);
  });

  it('takes a skipped execution out of its lane, at its head and in its middle', async () => {
    const ids = [
      await harness.event(graph, 'k'),
      await harness.event(graph, 'k'),
      await harness.event(graph, 'k'),
    ] as const;
    await harness.lane(lenient, 'k', ids[0], 2);
    await harness.waiting(ids[0], lenient, { key: 'k', pending: [first] });
    await harness.waiting(ids[1], lenient, { key: 'k', place: 0, pending: [first] });
    await harness.waiting(ids[2], lenient, { key: 'k', place: 1 });
    await harness.inFlight(ids[0], first);
    await harness.inFlight(ids[1], first);
    expect(await close(end(ids[0], first, DIED), end(ids[1], first, DIED))).toEqual([[ids[2], lenient]]);
    expect((await harness.states(ids[0]))['lenient.run']).toBe('skipped');
    expect((await harness.states(ids[1]))['lenient.run']).toBe('skipped');
  });

  it('loses no wake-up and orphans no lane while others append to it', async () => {
    const append = `
      with l as (insert into bus.lane as l (operation_id, key, head_event_id, next_place) values ($1, 'k', $2, 0)
        on conflict (operation_id, key) do update set next_place = l.next_place + 1
        returning l.head_event_id, l.next_place),
      started as (insert into bus.in_flight select $2, $1, 1, 1, clock_timestamp() + interval '1 min', 2 from l where head_event_id = $2)
      insert into bus.waiting select $2, $1, 0, 0, 'k', next_place from l where head_event_id <> $2`;
    for (let round = 0; round < 100; round += 1) {
      const head = await harness.event(graph, 'k');
      const next = await harness.event(graph, 'k');
      await harness.lane(strict, 'k', head, 0);
      await harness.inFlight(head, strict);
      await Promise.all([close(end(head, strict)), harness.pool.query(append, [strict, next])]);
      expect((await harness.states(next))['strict.run']).toBe('in_flight');
      expect(await close(end(next, strict))).toEqual([]);
      expect(await harness.count('lane')).toBe(0);
    }
  });
});
