import type { GraphPlan } from '@bus/domain';
import { AdminApi, AdminApiError } from './admin-api';
import { OperationsFileError } from './operations-file.errors';
import { readOperations, type FiledOperations } from './read-operations';

export type PlannedGraph = Omit<GraphPlan, 'keepState'>;

export interface OperationsOptions {
  /** `http://host:port` of bus-console. */
  consoleUrl: string;
  files: readonly string[];
  /** Remove active operations that no file names. Default false. */
  prune?: boolean;
  /** For `${NAME}` in endpoints. Default: this process's. */
  env?: NodeJS.ProcessEnv;
}

export interface ApplyReport {
  plan: PlannedGraph[];
  /** Event types that changed; empty: all was as the files say. */
  graphs: {
    eventType: string;
    outcome: 'activated' | 'retired' | 'unchanged';
    graphId: number | null;
    version: number;
  }[];
}

/**
 * What applying the files would change.
 * @throws OperationsFileError with file and line of every fault; AdminApiError where bus-console is away
 */
export async function planOperations(options: OperationsOptions): Promise<PlannedGraph[]> {
  return plan(options, readOperations(options.files, options.env ?? process.env));
}

/**
 * Plans, then activates just that plan: all event types or none.
 * @throws as `planOperations`; AdminApiError with status 409 where another change came between
 */
export async function applyOperations(
  options: OperationsOptions,
  author: { actor?: string; reason?: string } = {},
): Promise<ApplyReport> {
  const filed = readOperations(options.files, options.env ?? process.env);
  const planned = await plan(options, filed);
  const changing = planned.filter((graph) => graph.outcome !== 'unchanged');
  if (changing.length === 0) return { plan: planned, graphs: [] };
  const { graphs } = await asked<Pick<ApplyReport, 'graphs'>>(options, filed, '/operations/activate', {
    expectedVersions: Object.fromEntries(changing.map((graph) => [graph.eventType, graph.expectedVersion])),
    actor: author.actor ?? 'bus-cli',
    reason: author.reason ?? null,
  });
  return { plan: planned, graphs };
}

async function plan(options: OperationsOptions, filed: FiledOperations): Promise<PlannedGraph[]> {
  return (await asked<{ graphs: PlannedGraph[] }>(options, filed, '/operations/plan', {})).graphs;
}

/** Faults that bus-console finds are told with file and line. */
async function asked<T>(
  options: OperationsOptions,
  filed: FiledOperations,
  path: string,
  more: object,
): Promise<T> {
  const body = { operations: filed.operations, prune: options.prune ?? false, ...more };
  try {
    return await new AdminApi(options.consoleUrl).post<T>(path, body);
  } catch (error) {
    if (!(error instanceof AdminApiError) || error.status !== 422) throw error;
    throw new OperationsFileError(filed.locate(error.faults));
  }
}
