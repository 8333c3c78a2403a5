import type { RunnableGraph } from '@bus/domain';
import { LedgerHarness } from '../../testing/ledger-harness';
import { PostgresExecutionLedger } from '../execution-ledger.repository';

describe(`${PostgresExecutionLedger.name}.claim`, () => {
  let harness: LedgerHarness;
  let graph: RunnableGraph;
  let plain: number;
  let dependent: number;
  let ordered: number;
  let rated: number;

  beforeAll(async () => {
    harness = await LedgerHarness.open();
    graph = await harness.graph('spec.claim', [
      { name: 'plain.run' },
      { name: 'dependent.run', dependsOn: ['plain.run'] },
      { name: 'ordered.run', ordered: true },
      { name: 'rated.run', ratePerSecond: 10 },
    ]);
    [plain, dependent, ordered, rated] = graph.operations.map((one) => one.operationId) as [
      number,
      number,
      number,
      number,
    ];
  });
  afterEach(async () => {
    await harness.pool.query('truncate bus.due, bus.in_flight, bus.waiting, bus.lane');
    await harness.pool.query('update bus.operation set tokens = null, refilled_at = null');
  });
  afterAll(() => harness.close());

  const orderedRoom = (over = {}) => harness.room(ordered, { ordered: true, ...over });
  const eventIds = (outcome: { executions: { eventId: string }[] }) =>
    outcome.executions.map((one) => one.eventId);

  it('claims what is due, with its event, and nothing before its time', async () => {
    const now = await harness.event(graph);
    const later = await harness.event(graph);
    await harness.due(now, plain, { attempt: 4 });
    await harness.due(later, plain, { inMs: 60_000 });
    const outcome = await harness.ledger.claim([harness.room(plain)], harness.context(7));
    expect(outcome.executions).toEqual([
      { eventId: now, operationId: plain, attempt: 5, counted: 5, inputs: null, forcedRuns: 0 },
    ]);
    expect(outcome.events).toMatchObject([{ eventId: now, messageId: now, payload: '{}' }]);
    const { rows } = await harness.pool.query(
      'select dispatcher_id, lease_until > clock_timestamp() as leased from bus.in_flight',
    );
    expect(rows).toEqual([{ dispatcher_id: 7, leased: true }]);
  });

  it('takes the oldest first, no more than its room, and says that there is more', async () => {
    const ids = [];
    for (let age = 1; age <= 5; age += 1) {
      const eventId = await harness.event(graph);
      await harness.due(eventId, plain, { inMs: -1000 * age });
      ids.unshift(eventId);
    }
    const first = await harness.ledger.claim([harness.room(plain, { free: 3 })], harness.context());
    expect(eventIds(first).sort()).toEqual(ids.slice(0, 3).sort());
    expect([...first.more]).toEqual([plain]);
    const lowWater = first.lowWater.get(plain) ?? null;
    expect(lowWater).not.toBeNull();
    const rest = await harness.ledger.claim([harness.room(plain, { free: 3, lowWater })], harness.context());
    expect(eventIds(rest).sort()).toEqual(ids.slice(3).sort());
    expect(rest.more.size).toBe(0);
  });

  it('gives two dispatchers different rows', async () => {
    for (let index = 0; index < 200; index += 1) await harness.due(await harness.event(graph), plain);
    const outcomes = await Promise.all(
      [1, 2].map((id) => harness.ledger.claim([harness.room(plain, { free: 200 })], harness.context(id))),
    );
    const all = outcomes.flatMap(eventIds);
    expect(new Set(all).size).toBe(all.length);
    const rest = await harness.ledger.claim([harness.room(plain, { free: 200 })], harness.context(3));
    expect(all.length + rest.executions.length).toBe(200);
  });

  it('moves what still depends on something to waiting', async () => {
    const eventId = await harness.event(graph);
    await harness.inFlight(eventId, plain);
    await harness.due(eventId, dependent, { pending: [plain] });
    const outcome = await harness.ledger.claim([harness.room(dependent)], harness.context());
    expect(outcome.executions).toEqual([]);
    expect((await harness.states(eventId))['dependent.run']).toBe('waiting');
  });

  it('lets the first of a key head its lane and the others join the tail', async () => {
    const [first, second, other] = [
      await harness.event(graph, 'k'),
      await harness.event(graph, 'k'),
      await harness.event(graph, 'z'),
    ];
    await harness.due(first, ordered, { key: 'k', inMs: -30 });
    await harness.due(second, ordered, { key: 'k', inMs: -20 });
    await harness.due(other, ordered, { key: 'z', inMs: -10 });
    const outcome = await harness.ledger.claim([orderedRoom()], harness.context());
    expect(eventIds(outcome)).toEqual([first, other]);
    const ended = await harness.ledger.close(
      [harness.end(graph, first, ordered, { key: 'k' })],
      harness.context(),
    );
    expect(eventIds(ended.released)).toEqual([second]);
    await harness.ledger.close(
      [harness.end(graph, second, ordered, { key: 'k' }), harness.end(graph, other, ordered, { key: 'z' })],
      harness.context(),
    );
    expect(await harness.count('lane')).toBe(0);
  });

  it('lets the head of a lane keep its place over a retry', async () => {
    const [head, next] = [await harness.event(graph, 'k'), await harness.event(graph, 'k')];
    await harness.lane(ordered, 'k', head, 1);
    await harness.due(head, ordered, { key: 'k', attempt: 1 });
    await harness.waiting(next, ordered, { key: 'k', place: 0 });
    expect(eventIds(await harness.ledger.claim([orderedRoom()], harness.context()))).toEqual([head]);
  });

  it('finds lanes even where the caller says that the operation has none', async () => {
    const [first, second] = [await harness.event(graph, 'k'), await harness.event(graph, 'k')];
    await harness.due(first, ordered, { key: 'k', inMs: -30 });
    await harness.due(second, ordered, { key: 'k', inMs: -20 });
    const outcome = await harness.ledger.claim([harness.room(ordered)], harness.context());
    expect(eventIds(outcome)).toEqual([first]);
  });

  it('runs one per key however many dispatchers claim at once', async () => {
    for (let round = 0; round < 40; round += 1) {
      const ids = [];
      for (let index = 0; index < 4; index += 1) {
        const eventId = await harness.event(graph, 'k');
        await harness.due(eventId, ordered, { key: 'k', inMs: -40 + index });
        ids.push(eventId);
      }
      const outcomes = await Promise.all(
        [1, 2, 3].map((id) => harness.ledger.claim([orderedRoom({ free: 2 })], harness.context(id))),
      );
      const seen: string[] = [];
      let running = outcomes.flatMap(eventIds);
      while (running.length > 0) {
        expect(running).toHaveLength(1);
        seen.push(...running);
        const end = harness.end(graph, running[0] ?? '', ordered, { key: 'k' });
        const [closed, claimed] = await Promise.all([
          harness.ledger.close([end], harness.context(1)),
          harness.ledger.claim([orderedRoom()], harness.context(2)),
        ]);
        running = [...eventIds(closed.released), ...eventIds(claimed)];
        if (running.length === 0)
          running = eventIds(await harness.ledger.claim([orderedRoom()], harness.context(3)));
      }
      expect(seen.sort()).toEqual(ids.sort());
      expect(await harness.count('lane')).toBe(0);
    }
  });

  it('starts no more than the bucket of a rated operation holds', async () => {
    for (let index = 0; index < 30; index += 1) await harness.due(await harness.event(graph), rated);
    const room = harness.room(rated, { ratePerSecond: 10 });
    const outcomes = await Promise.all(
      [1, 2, 3].map((id) => harness.ledger.claim([room], harness.context(id))),
    );
    // bucket max(1, rate / 2) = 5, refilled by 10 a second: one may be added while the three claims run
    const started = outcomes.flatMap(eventIds).length;
    expect(started).toBeGreaterThanOrEqual(5);
    expect(started).toBeLessThanOrEqual(7);
  });

  it('keeps to the rate and the state of the operation, where the replica that claims does not know it', async () => {
    for (let index = 0; index < 30; index += 1) await harness.due(await harness.event(graph), rated);
    const unknown = harness.room(rated, { ordered: true, ratePerSecond: null });
    const started = eventIds(await harness.ledger.claim([unknown], harness.context(1))).length;
    expect(started).toBe(5);
    await harness.pool.query(
      `update bus.operation set state = 'paused', tokens = 5 where operation_id = ${rated}`,
    );
    try {
      expect(eventIds(await harness.ledger.claim([unknown], harness.context(1)))).toEqual([]);
    } finally {
      await harness.pool.query(`update bus.operation set state = 'active' where operation_id = ${rated}`);
    }
  });

  it('tells once a second what is due, when the next one is, and whether a lease has ended', async () => {
    const look = { lowWater: new Map<number, string>(), leases: true };
    expect(await harness.ledger.pulse(look)).toMatchObject({
      dueOperationIds: [],
      nextDueInMs: null,
      leaseEnded: false,
    });
    const eventId = await harness.event(graph);
    await harness.due(eventId, plain, { inMs: 60_000 });
    await harness.due(eventId, rated);
    await harness.inFlight(eventId, dependent, { leaseMs: -1 });
    const pulse = await harness.ledger.pulse(look);
    expect(pulse).toMatchObject({ dueOperationIds: [rated], leaseEnded: true });
    expect(pulse.nextDueInMs).toBeGreaterThan(50_000);
    expect(pulse.nextDueInMs).toBeLessThanOrEqual(60_000);
    expect(await harness.ledger.pulse({ ...look, leases: false })).toMatchObject({ leaseEnded: false });
  });

  it('looks for nothing far below the mark of an operation that had nothing due, and finds what is new', async () => {
    const look = { lowWater: new Map<number, string>(), leases: false };
    const { lowWater } = await harness.ledger.pulse(look);
    expect([...lowWater.keys()]).toEqual(expect.arrayContaining([plain, rated]));
    const eventId = await harness.event(graph);
    await harness.due(eventId, plain);
    await harness.due(eventId, rated, { inMs: -6 * 60_000 });
    const pulse = await harness.ledger.pulse({ ...look, lowWater });
    expect(pulse.dueOperationIds).toEqual([plain]);
    expect(pulse.lowWater.has(plain)).toBe(false);
    expect((await harness.ledger.pulse(look)).dueOperationIds.sort()).toEqual([plain, rated].sort());
  });

  it('gives no mark for an operation that is paused: what waits there is found once it goes on', async () => {
    await harness.pool.query(`update bus.operation set state = 'paused' where operation_id = ${plain}`);
    try {
      const { lowWater } = await harness.ledger.pulse({ lowWater: new Map(), leases: false });
      expect(lowWater.has(plain)).toBe(false);
    } finally {
      await harness.pool.query(`update bus.operation set state = 'active' where operation_id = ${plain}`);
    }
  });

  it('finds attempts past their lease, and those of one dispatcher', async () => {
    const eventId = await harness.event(graph, 'k');
    await harness.inFlight(eventId, plain, { leaseMs: -1, attempt: 2, dispatcherId: 4 });
    await harness.inFlight(eventId, rated, { leaseMs: 60_000, dispatcherId: 5 });
    expect(await harness.ledger.expired(10)).toEqual([
      { eventId, operationId: plain, attempt: 2, counted: 2, graphId: graph.graphId, key: 'k' },
    ]);
    expect(await harness.ledger.ownInFlight(5)).toMatchObject([{ eventId, operationId: rated }]);
  });
});
