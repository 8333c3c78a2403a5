import type { QueryConfig } from 'pg';
import { LedgerHarness } from '../testing/ledger-harness';
import { PROMOTE } from './control/control-statements';
import { keyIs } from './key-lookup';
import { CANDIDATES, CLAIM, PLACE } from './ledger/claim-statements';
import { closeStatement } from './ledger/close-statement';
import { LOAD_FORCED_RUNS, LOCK_DUE, LOCK_LANES, LOCK_WAITING, MOVE } from './ledger/release-statements';
import { PULSE } from './ledger/watch-statements';
import { HOLD_HOMES, LOCK_LANES as LOCK_REPLAYED_LANES, LOOK, REPLAY } from './replay/replay-statements';

const HOT = ['in_flight', 'due', 'waiting', 'lane', 'dead_letter', 'forced_run'];

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Join Filter'?: string;
  Plans?: PlanNode[];
}

describe(keyIs.name, () => {
  let harness: LedgerHarness;
  let completed: QueryConfig;
  let close: QueryConfig;
  let failed: QueryConfig;

  beforeAll(async () => {
    harness = await LedgerHarness.open();
    const graph = await harness.graph('spec.lookup', [{ name: 'one.run' }]);
    const end = harness.end(graph, await harness.event(graph), graph.operations[0]?.operationId ?? 0);
    completed = closeStatement([end], () => null).query;
    close = closeStatement([{ ...end, output: '{}' }], () => null).query;
    failed = closeStatement([{ ...end, after: { kind: 'dead', cause: 'rejected' } }], () => null).query;
    for (const table of HOT) {
      await harness.pool.query(`delete from bus.${table}`);
      await harness.pool.query(`vacuum (analyze) bus.${table}`);
    }
  });
  afterAll(() => harness.close());

  it('lets every statement look hot rows up one by one, though the tables were empty when it was planned', async () => {
    const prepared = [CLAIM, PLACE, PROMOTE, LOCK_DUE, LOCK_LANES, LOCK_WAITING, MOVE, LOAD_FORCED_RUNS]
      .concat(LOCK_REPLAYED_LANES, LOOK, REPLAY)
      .concat(HOLD_HOMES.map(({ query }) => query));
    const found: Record<string, string[]> = {};
    for (const { name = '', text = '' } of [completed, close, failed, ...prepared.map((query) => query())])
      found[name] = await walks(text);
    expect(Object.keys(found)).toHaveLength(18);
    expect(Object.entries(found).filter(([, walked]) => walked.length > 0)).toEqual([]);
  });

  it('is needed: with a plain comparison a close walks through in_flight', async () => {
    for (const { text = '' } of [completed, close]) {
      expect(text).toContain(keyIs('f.event_id', 'r.event_id'));
      const walked = await walks(text.replace(keyIs('f.event_id', 'r.event_id'), 'f.event_id = r.event_id'));
      expect(walked).toContain('in_flight without a key');
    }
  });

  it.each([
    [CLAIM, 'due_share_idx'],
    [CANDIDATES, 'due_share_idx'],
    [PULSE, 'due_pkey'],
  ])('is not what keeps a look for due work on its index, case %#: the order does', async (query, index) => {
    const used = nodes(await planOf(query().text ?? ''))
      .filter((node) => node['Relation Name'] === 'due' && node['Index Name'])
      .map((node) => node['Index Name']);
    expect([...new Set(used)]).toEqual([index]);
  });

  async function planOf(text: string): Promise<PlanNode> {
    const { rows } = await harness.pool.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (generic_plan, format json) ${text}`,
    );
    return rows[0]['QUERY PLAN'][0].Plan;
  }

  /** Hot tables that the general plan reads without a key, and joins that look through a set for each of their rows. */
  async function walks(text: string): Promise<string[]> {
    return nodes(await planOf(text)).flatMap((node) => {
      const { 'Node Type': type, 'Relation Name': table, 'Join Filter': filter } = node;
      const isRead = table !== undefined && HOT.includes(table) && type.includes('Scan');
      if (isRead && !hasKey(node)) return [`${table} without a key`];
      return filter && HOT.some((hot) => reads(node, hot)) ? [`join by ${filter}`] : [];
    });
  }
});

const nodes = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodes)];

const hasKey = (node: PlanNode): boolean =>
  node['Index Cond'] !== undefined || (node.Plans ?? []).some((plan) => plan['Index Cond'] !== undefined);

const reads = (node: PlanNode, table: string): boolean =>
  node['Relation Name'] === table || (node.Plans ?? []).some((plan) => reads(plan, table));
