import type { OperationGraph, OperationSettings, OperationState } from '@bus/contracts';
import { checkExpression, diffGraphs, graphFaults, type RunnableGraph } from '@bus/domain';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import {
  OperationGraphs,
  type ActivatedGraph,
  type ActivationsOutcome,
  type ChangeAuthor,
  type GraphActivation,
} from '../operation-graphs';
import { writeAudit } from './audit-statement';
import { StorePool } from './connection';
import { FaultyGraphError } from './operation-graph.errors';
import * as statements from './operation-graph-statements';
import { toGraph } from './to-graph';
import { inTransaction } from './transaction';

/** Thrown inside the transaction to roll it back; never leaves this file. */
class StaleVersion extends Error {
  constructor(
    readonly eventType: string,
    readonly activeVersion: number | null,
  ) {
    super('another change came first');
  }
}

/**
 * Graphs in `operation_graph`, live settings in `operation`. Every change first locks the one row of `configuration`,
 * so changes come one after another and none deadlocks with another; the guard on the version decides nevertheless.
 */
@Injectable()
export class PostgresOperationGraphs extends OperationGraphs {
  constructor(private readonly pool: StorePool) {
    super();
  }

  async revision(): Promise<string> {
    const { rows } = await this.pool.query<{ revision: string }>(statements.REVISION());
    return (rows[0] as { revision: string }).revision;
  }

  async active(): Promise<RunnableGraph[]> {
    const { rows } = await this.pool.query<statements.GraphRow>(statements.ACTIVE());
    return rows.map(toGraph);
  }

  async byIds(graphIds: readonly number[]): Promise<RunnableGraph[]> {
    if (graphIds.length === 0) return [];
    const { rows } = await this.pool.query<statements.GraphRow>(statements.BY_IDS([graphIds]));
    return rows.map(toGraph);
  }

  async history(eventType?: string, limit = 200): Promise<OperationGraph[]> {
    const { rows } = await this.pool.query<OperationGraph>(statements.HISTORY([eventType ?? null, limit]));
    return rows;
  }

  async activateAll(changes: readonly GraphActivation[]): Promise<ActivationsOutcome> {
    const inOrder = [...changes].sort((a, b) => (a.eventType < b.eventType ? -1 : 1));
    try {
      const faults = inOrder.flatMap((change) => graphFaults(change, { checkExpression }, '/operations'));
      if (faults.length > 0) throw new FaultyGraphError(faults);
      const graphs = await inTransaction(this.pool, (client) => applyChanges(client, inOrder));
      return { outcome: 'applied', graphs };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === null) throw error;
      await inTransaction(this.pool, async (client) => {
        for (const change of inOrder)
          await writeAudit(client, {
            ...change,
            action: 'operations.activate',
            target: change.eventType,
            result: refusal,
          });
      });
      if (!(error instanceof StaleVersion)) throw error;
      return { outcome: 'stale', eventType: error.eventType, activeVersion: error.activeVersion };
    }
  }

  setState(
    operation: string,
    state: OperationState,
    actor: string,
    context: Omit<ChangeAuthor, 'actor'> = {},
  ): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      await client.query(statements.LOCK_CONFIGURATION());
      const changed = (await client.query(statements.SET_STATE([operation, state]))).rowCount === 1;
      const known = changed || (await client.query(statements.KNOWN([operation]))).rowCount === 1;
      const result = changed ? `state ${state}` : known ? `state ${state} already` : 'refused: not_found';
      await writeAudit(client, {
        ...context,
        actor,
        action: `operation.${state}`,
        target: operation,
        after: { state },
        result,
      });
      return known;
    });
  }
}

/** What the audit says of a change that was not made; `null`: it is not known to have been refused. */
function refusalOf(error: unknown): string | null {
  if (error instanceof StaleVersion) return 'refused: conflict';
  return error instanceof FaultyGraphError ? 'refused: unprocessable' : null;
}

async function applyChanges(
  client: PoolClient,
  changes: readonly GraphActivation[],
): Promise<ActivatedGraph[]> {
  await client.query(statements.LOCK_CONFIGURATION());
  const plans = [];
  for (const change of changes) plans.push(await compare(client, change));
  const moving = plans.filter((plan) => !plan.same);
  // All old versions go before a new one comes: an operation may move from one event type to another.
  for (const plan of moving) await retire(client, plan.change);
  const ids = await saveOperations(
    client,
    moving.map((plan) => plan.change),
  );
  const graphs: ActivatedGraph[] = [];
  for (const plan of plans) graphs.push(plan.same ? unchanged(plan) : await insertVersion(client, plan, ids));
  await refuseSharedOperations(client, [...ids.keys()]);
  return graphs;
}

interface Comparison {
  change: GraphActivation;
  active: RunnableGraph | null;
  same: boolean;
}

async function compare(client: PoolClient, change: GraphActivation): Promise<Comparison> {
  const { rows } = await client.query<statements.GraphRow>(statements.ACTIVE_OF([change.eventType]));
  const active = rows[0] ? toGraph(rows[0]) : null;
  if ((active?.version ?? null) !== change.expectedVersion)
    throw new StaleVersion(change.eventType, active?.version ?? null);
  const stateOf = new Map(active?.operations.map((operation) => [operation.name, operation.state]));
  const wanted = change.operations.map((operation) =>
    change.keepState?.includes(operation.name)
      ? { ...operation, state: stateOf.get(operation.name) ?? operation.state }
      : operation,
  );
  const difference = diffGraphs(active?.operations ?? [], wanted);
  return { change, active, same: Object.values(difference).every((list) => list.length === 0) };
}

function unchanged({ change, active }: Comparison): ActivatedGraph {
  return {
    eventType: change.eventType,
    outcome: 'unchanged',
    graphId: active?.graphId ?? null,
    version: active?.version ?? 0,
  };
}

/** The guard that decides between two activations. */
async function retire(client: PoolClient, change: GraphActivation): Promise<void> {
  if (change.expectedVersion === null) return; // the unique index on active graphs decides
  const { rowCount } = await client.query(statements.RETIRE([change.eventType, change.expectedVersion]));
  if (rowCount !== 1) throw new StaleVersion(change.eventType, null);
}

/** @returns operation name → id */
async function saveOperations(
  client: PoolClient,
  changes: readonly GraphActivation[],
): Promise<Map<string, number>> {
  const operations = changes.flatMap((change) => change.operations);
  if (operations.length === 0) return new Map();
  const { rows } = await client.query<{ name: string; operationId: number }>(
    statements.SAVE_OPERATIONS([
      operations.map((operation) => operation.name),
      operations.map((operation) => operation.eventType),
      operations.map(({ state: _inItsColumn, ...settings }) => JSON.stringify(settings)),
      operations.map((operation) => operation.state),
      changes.flatMap((change) => change.keepState ?? []),
    ]),
  );
  return new Map(rows.map((row) => [row.name, row.operationId]));
}

async function insertVersion(
  client: PoolClient,
  { change, active }: Comparison,
  ids: ReadonlyMap<string, number>,
): Promise<ActivatedGraph> {
  const { eventType, operations, actor } = change;
  let inserted: { graphId: number | null; version: number } = {
    graphId: null,
    version: active?.version ?? 0,
  };
  if (operations.length > 0) {
    const numbered = operations.map((operation) => ({ ...operation, operationId: ids.get(operation.name) }));
    const { rows } = await client.query(
      statements.INSERT_VERSION([eventType, JSON.stringify(numbered), actor]),
    );
    inserted = rows[0];
  }
  const outcome = operations.length > 0 ? 'activated' : 'retired';
  await writeAudit(client, {
    ...change,
    action: 'operations.activate',
    target: eventType,
    before: active?.operations ?? null,
    after: operations as OperationSettings[],
    result: `${outcome} version ${inserted.version}`,
  });
  return { eventType, outcome, ...inserted };
}

/** Looked at after the operations' rows are locked: an operation belongs to one event type. */
async function refuseSharedOperations(client: PoolClient, names: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>(statements.SHARED([names]));
  if (rows.length === 0) return;
  throw new FaultyGraphError(
    rows.map(({ name }) => ({
      path: `/operations/${name}/eventType`,
      message: `${name} is an operation of another event type already; an operation belongs to one event type`,
    })),
  );
}
