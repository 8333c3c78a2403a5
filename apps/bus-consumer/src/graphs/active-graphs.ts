import { Injectable } from '@nestjs/common';
import { Clock } from '@bus/app-shell';
import type { RunnableGraph, RunnableOperation } from '@bus/domain';
import { GraphCatalog, OperationGraphs } from '@bus/store';

/** Versions that are not active any more but have open events: kept at most so many, unless used just now. */
const RETIRED_KEPT = 200;
/** Longer than any lease: a graph that is used by an event in memory is never dropped. */
const USED_JUST_NOW_MS = 180_000;

interface KnownGraph {
  graph: RunnableGraph;
  active: boolean;
  usedMs: number;
}

/**
 * Graph versions in memory. All active ones and those of open events; read again as a whole when the configuration's
 * revision has changed, so that live settings are at most 2 s old.
 */
@Injectable()
export class ActiveGraphs extends GraphCatalog {
  private known = new Map<number, KnownGraph>();
  private activeByType = new Map<string, RunnableGraph>();
  private operationById = new Map<number, RunnableOperation>();
  private revision: string | null = null;

  constructor(
    private readonly graphs: OperationGraphs,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** @throws RangeError where it was not loaded */
  override graph(graphId: number): RunnableGraph {
    const known = this.known.get(graphId);
    if (!known) throw new RangeError(`graph ${graphId} is not loaded`);
    if (!known.active) known.usedMs = this.clock.monotonicMs(); // an active one is kept anyhow, and asked for all the time
    return known.graph;
  }

  override async load(graphIds: Iterable<number>): Promise<void> {
    const missing: number[] = [];
    for (const graphId of graphIds) if (!this.known.has(graphId)) missing.push(graphId);
    if (missing.length === 0) return;
    for (const graph of await this.graphs.byIds(missing)) this.keep(graph, false);
    this.dropUnused();
  }

  /** The graph that fresh events of the type run under; `null`: unrouted. */
  active(eventType: string): RunnableGraph | null {
    return this.activeByType.get(eventType) ?? null;
  }

  /** Live settings of an operation, from its active graph or from any that is known. */
  operation(operationId: number): RunnableOperation | undefined {
    return this.operationById.get(operationId);
  }

  /** All operations that are known. */
  operations(): Iterable<RunnableOperation> {
    return this.operationById.values();
  }

  /** Reads everything again unless `revision` is what is known. @param revision as just read; default: read it now */
  async refresh(revision?: string): Promise<void> {
    const wanted = revision ?? (await this.graphs.revision());
    if (wanted === this.revision) return;
    const active = await this.graphs.active();
    const activeIds = new Set(active.map((graph) => graph.graphId));
    const retiredIds = [...this.known.keys()].filter((graphId) => !activeIds.has(graphId));
    const retired = retiredIds.length > 0 ? await this.graphs.byIds(retiredIds) : [];

    const before = this.known;
    this.known = new Map();
    this.activeByType = new Map();
    this.operationById = new Map();
    for (const graph of retired) this.keep(graph, false, usedOf(before.get(graph.graphId)));
    for (const graph of active) this.keep(graph, true);
    for (const [graphId, known] of before) {
      // Loaded while this was read: as fresh as it gets, until the next time.
      if (!this.known.has(graphId)) this.keep(known.graph, false, usedOf(known));
    }
    this.revision = wanted;
  }

  /** Read everything again at the next `refresh`, whatever the revision says. */
  expire(): void {
    this.revision = null;
  }

  private keep(graph: RunnableGraph, active: boolean, usedMs = this.clock.monotonicMs()): void {
    this.known.set(graph.graphId, { graph, active, usedMs });
    if (active) this.activeByType.set(graph.eventType, graph);
    for (const operation of graph.operations)
      if (active || !this.operationById.has(operation.operationId))
        this.operationById.set(operation.operationId, operation);
  }

  private dropUnused(): void {
    const nowMs = this.clock.monotonicMs();
    const retired = [...this.known].filter(([, known]) => !known.active);
    const surplus = retired.length - RETIRED_KEPT;
    if (surplus <= 0) return;
    retired.sort(([, a], [, b]) => a.usedMs - b.usedMs);
    for (const [graphId, known] of retired.slice(0, surplus))
      if (nowMs - known.usedMs > USED_JUST_NOW_MS) this.known.delete(graphId);
  }
}

/** `undefined`: just now. What was active until now was in use until now. */
function usedOf(known: KnownGraph | undefined): number | undefined {
  return known?.active ? undefined : known?.usedMs;
}
