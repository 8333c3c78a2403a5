import type { OperationSettings } from '@bus/contracts';
import { withDefaults, type OperationEntry } from '@bus/domain';
import type { TestDatabase } from '@bus/embedded-postgres';
import type { GraphActivation } from '../operation-graphs';
import { createStoreDatabase } from '../testing';
import { createStorePool, type StorePool } from './connection';
import { FaultyGraphError } from './operation-graph.errors';
import { PostgresOperationGraphs } from './operation-graph.repository';

const operation = (name: string, over: Partial<OperationEntry> = {}): OperationSettings =>
  withDefaults(name, { eventType: 'order.paid', endpoint: 'tcp://127.0.0.1:4101', ...over });

function change(operations: OperationSettings[], over: Partial<GraphActivation> = {}): GraphActivation {
  return { eventType: 'order.paid', expectedVersion: null, operations, actor: 'spec', reason: null, ...over };
}

describe(PostgresOperationGraphs, () => {
  let database: TestDatabase;
  let pool: StorePool;
  let graphs: PostgresOperationGraphs;

  beforeEach(async () => {
    database = await createStoreDatabase('graphs');
    pool = createStorePool({ connectionString: database.url, applicationName: 'graphs-spec' });
    graphs = new PostgresOperationGraphs(pool);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });

  const audit = async () =>
    (await pool.query('select actor, action, target, result from bus.audit_entry order by audit_id')).rows;

  it('activates the first version and reads it back as it runs', async () => {
    const operations = [operation('a.run'), operation('b.run', { dependsOn: ['a.run'] })];

    expect(await graphs.activate(change(operations))).toMatchObject({ outcome: 'activated', version: 1 });

    const [graph] = await graphs.active();
    expect(graph).toMatchObject({ eventType: 'order.paid', version: 1 });
    expect(graph?.operations.map(({ operationId: _, ...settings }) => settings)).toEqual(operations);
    const [a, b] = graph?.operations ?? [];
    expect(graph?.dependencies.get(b?.operationId ?? 0)).toEqual([a?.operationId]);
  });

  it('keeps the id of an operation over all versions', async () => {
    await graphs.activate(change([operation('a.run')]));
    const before = (await graphs.active())[0]?.operations[0]?.operationId;
    await graphs.activate(change([operation('b.run')], { expectedVersion: 1 }));
    await graphs.activate(change([operation('a.run')], { expectedVersion: 2 }));

    expect((await graphs.active())[0]?.operations[0]?.operationId).toBe(before);
  });

  it('gives events of an old version its pinned settings and the live ones of today', async () => {
    await graphs.activate(change([operation('a.run', { filter: 'payload.old', timeoutMs: 1000 })]));
    const old = (await graphs.active())[0]?.graphId ?? 0;
    await graphs.activate(
      change([operation('a.run', { filter: 'payload.new', timeoutMs: 2000, endpoint: 'tcp://new:1' })], {
        expectedVersion: 1,
      }),
    );

    const [graph] = await graphs.byIds([old, 4711]);
    expect(graph).toMatchObject({ graphId: old, version: 1 });
    expect(graph?.operations[0]).toMatchObject({
      filter: 'payload.old',
      timeoutMs: 2000,
      endpoint: 'tcp://new:1',
    });
  });

  it('refuses a version that is not the active one any more, changes nothing and says so in the audit', async () => {
    await graphs.activate(change([operation('a.run')]));
    const revision = await graphs.revision();

    expect(await graphs.activate(change([operation('b.run')]))).toEqual({
      outcome: 'stale',
      activeVersion: 1,
    });
    expect(await graphs.activate(change([operation('b.run')], { expectedVersion: 7 }))).toEqual({
      outcome: 'stale',
      activeVersion: 1,
    });
    expect(await graphs.revision()).toBe(revision);
    expect((await graphs.active())[0]?.operations.map((o) => o.name)).toEqual(['a.run']);
    expect((await audit()).map((entry) => entry.result)).toEqual([
      'activated version 1',
      'refused: conflict',
      'refused: conflict',
    ]);
  });

  it('writes nothing where the active graph says the same already', async () => {
    await graphs.activate(change([operation('a.run'), operation('b.run')]));
    const revision = await graphs.revision();

    expect(
      await graphs.activate(change([operation('b.run'), operation('a.run')], { expectedVersion: 1 })),
    ).toMatchObject({ outcome: 'unchanged', version: 1 });
    expect(await graphs.revision()).toBe(revision);
    expect(await graphs.history()).toHaveLength(1);
  });

  it('makes a new version of a change to live settings too, so that the history shows it', async () => {
    await graphs.activate(change([operation('a.run')]));
    await graphs.activate(change([operation('a.run', { concurrency: 8 })], { expectedVersion: 1 }));

    expect(
      (await graphs.history('order.paid')).map((g) => [g.version, g.state, g.operations[0]?.concurrency]),
    ).toEqual([
      [2, 'active', 8],
      [1, 'retired', 64],
    ]);
    expect(await graphs.history('order.created')).toEqual([]);
  });

  it('retires the graph of an event type that has no operations any more, and counts on from there', async () => {
    await graphs.activate(change([operation('a.run')]));

    expect(await graphs.activate(change([], { expectedVersion: 1 }))).toEqual({
      outcome: 'retired',
      graphId: null,
      version: 1,
    });
    expect(await graphs.active()).toEqual([]);
    expect(await graphs.activate(change([]))).toEqual({ outcome: 'unchanged', graphId: null, version: 0 });
    expect(await graphs.activate(change([operation('a.run')]))).toMatchObject({ version: 2 });
  });

  it('never activates a faulty graph, names every fault and says so in the audit', async () => {
    const faulty = change([
      operation('a.run', { dependsOn: ['b.run'] }),
      operation('b.run', { dependsOn: ['a.run'], filter: 'payload.(' }),
    ]);

    const error = await graphs.activate(faulty).catch((thrown: unknown) => thrown as FaultyGraphError);

    expect(error).toBeInstanceOf(FaultyGraphError);
    expect((error as FaultyGraphError).faults.map((fault) => fault.path)).toEqual([
      '/operations/a.run/dependsOn',
      '/operations/b.run/filter',
    ]);
    expect(await graphs.active()).toEqual([]);
    expect(await audit()).toMatchObject([{ target: 'order.paid', result: 'refused: unprocessable' }]);
  });

  it('lets an operation belong to one event type alone, and move to another in one step', async () => {
    const created = operation('a.run', { eventType: 'order.created' });
    const toCreated = change([created], { eventType: 'order.created' });
    await graphs.activate(change([operation('a.run'), operation('b.run')]));

    await expect(graphs.activate(toCreated)).rejects.toMatchObject({
      faults: [{ path: '/operations/a.run/eventType' }],
    });
    expect(
      await graphs.activateAll([toCreated, change([operation('b.run')], { expectedVersion: 1 })]),
    ).toMatchObject({
      outcome: 'applied',
      graphs: [
        { eventType: 'order.created', outcome: 'activated', version: 1 },
        { eventType: 'order.paid', outcome: 'activated', version: 2 },
      ],
    });
  });

  it('activates several event types all or none', async () => {
    await graphs.activate(change([operation('a.run')]));
    const other = change([operation('c.run', { eventType: 'order.created' })], {
      eventType: 'order.created',
    });

    expect(await graphs.activateAll([other, change([operation('b.run')])])).toEqual({
      outcome: 'stale',
      eventType: 'order.paid',
      activeVersion: 1,
    });
    expect((await graphs.active()).map((graph) => graph.eventType)).toEqual(['order.paid']);
  });

  it('pauses and resumes for every version at once, without a new one', async () => {
    await graphs.activate(change([operation('a.run')]));
    const revision = await graphs.revision();

    expect(await graphs.setState('a.run', 'paused', 'ann', { reason: 'provider is down' })).toBe(true);
    expect((await graphs.active())[0]?.operations[0]?.state).toBe('paused');
    expect((await graphs.active())[0]?.version).toBe(1);
    expect(await graphs.revision()).not.toBe(revision);
    expect(await graphs.setState('a.run', 'paused', 'ann')).toBe(true);
    expect(await graphs.setState('z.run', 'paused', 'ann')).toBe(false);
    expect((await audit()).slice(1)).toEqual([
      { actor: 'ann', action: 'operation.paused', target: 'a.run', result: 'state paused' },
      { actor: 'ann', action: 'operation.paused', target: 'a.run', result: 'state paused already' },
      { actor: 'ann', action: 'operation.paused', target: 'z.run', result: 'refused: not_found' },
    ]);
  });

  it('leaves a pause alone that came after the change was planned, where the change keeps states', async () => {
    await graphs.activate(change([operation('a.run'), operation('b.run')]));
    await graphs.setState('a.run', 'paused', 'ann');
    await graphs.setState('b.run', 'paused', 'ann');

    await graphs.activate(
      change([operation('a.run', { timeoutMs: 900 }), operation('b.run')], {
        expectedVersion: 1,
        keepState: ['a.run'],
      }),
    );

    expect((await graphs.active())[0]?.operations.map((o) => [o.name, o.state, o.timeoutMs])).toEqual([
      ['a.run', 'paused', 900],
      ['b.run', 'active', 5000],
    ]);
  });

  it('changes the revision with one cheap statement to read it', async () => {
    const before = await graphs.revision();
    pool.statements.reset();
    expect(await graphs.revision()).toBe(before);
    expect(pool.statements.total).toBe(1);

    await graphs.activate(change([operation('a.run')]));
    expect(await graphs.revision()).not.toBe(before);
  });
});
