import type { OperationSettings } from '@bus/contracts';
import { withDefaults, type OperationEntry } from '@bus/domain';
import type { TestDatabase } from '@bus/embedded-postgres';
import type { GraphActivation } from '../operation-graphs';
import { createStoreDatabase } from '../testing';
import { createStorePool, type StorePool } from './connection';
import type { FaultyGraphError } from './operation-graph.errors';
import { PostgresOperationGraphs } from './operation-graph.repository';

const operation = (name: string, over: Partial<OperationEntry> = {}): OperationSettings =>
  withDefaults(name, { eventType: 'order.paid', endpoint: 'tcp://127.0.0.1:4101', ...over });

function change(operations: OperationSettings[], over: Partial<GraphActivation> = {}): GraphActivation {
  return { eventType: 'order.paid', expectedVersion: null, operations, actor: 'spec', reason: null, ...over };
}

describe('activations at the same time', () => {
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

  it('lets exactly one of two activations of the same version win, 25 times over', async () => {
    const other = createStorePool({ connectionString: database.url, applicationName: 'graphs-spec' });
    const pools = [pool, other];
    const gate = await pool.connect();
    try {
      for (let round = 0; round < 25; round++) {
        const expectedVersion = round === 0 ? null : round;
        await gate.query('begin; select from bus.configuration for update');
        const racing = pools.map((own, index) =>
          new PostgresOperationGraphs(own).activate(
            change([operation(`a.run-${round}-${index}`)], { expectedVersion }),
          ),
        );
        await bothWait(pool);
        await gate.query('commit');

        const outcomes = await Promise.all(racing);
        expect(outcomes.map((result) => result.outcome).sort()).toEqual(['activated', 'stale']);
        const winner = outcomes.findIndex((result) => result.outcome === 'activated');
        expect((await graphs.active()).map((graph) => graph.operations.map((o) => o.name))).toEqual([
          [`a.run-${round}-${winner}`],
        ]);
      }
    } finally {
      gate.release();
      await other.end();
    }
  });

  it('lets exactly one of two event types have an operation that both ask for at once', async () => {
    const other = createStorePool({ connectionString: database.url, applicationName: 'graphs-spec' });
    const gate = await pool.connect();
    try {
      await gate.query('begin; select from bus.configuration for update');
      const racing = [pool, other].map((own, index) => {
        const eventType = `order.type-${index}`;
        return new PostgresOperationGraphs(own)
          .activate(change([operation('a.run', { eventType })], { eventType }))
          .then((result) => result.outcome)
          .catch((error: unknown) => (error as FaultyGraphError).code);
      });
      await bothWait(pool);
      await gate.query('commit');

      expect((await Promise.all(racing)).sort()).toEqual(['activated', 'unprocessable']);
      expect(await graphs.active()).toHaveLength(1);
    } finally {
      gate.release();
      await other.end();
    }
  });
});

/** Resolves once two connections stand before a lock; rejects after 10 s. Not from inside a transaction: it would see
 *  the same moment for ever. */
async function bothWait(look: StorePool): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const { rows } = await look.query(
      `select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows[0].waiting === 2) return;
  }
  throw new Error('two activations should wait for the gate');
}
