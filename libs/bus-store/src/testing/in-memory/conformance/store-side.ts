import type { RunnableGraph } from '@bus/domain';
import type { EventControlStore } from '../../../event-control-store';
import type { EventInbox } from '../../../event-inbox';
import type { ExecutionControl } from '../../../execution-control';
import { GraphCatalog, type DispatchContext, type ExecutionLedger } from '../../../execution-ledger';
import type { OperationGraphs } from '../../../operation-graphs';
import type { ComparedSnapshot } from './compared-snapshot';

/** One of the two stores: its ports, and what a test does to it from outside. */
export interface StoreSide {
  inbox: EventInbox;
  ledger: ExecutionLedger;
  control: EventControlStore;
  executions: ExecutionControl;
  graphs: OperationGraphs;
  snapshot(): Promise<ComparedSnapshot>;
  /** Lets time pass. */
  wait(ms: number): Promise<void>;
  /** Orders what is due in the same minute by event id: in which order one statement made it is not promised. */
  evenOut(): Promise<void>;
  /** The time that is `ms` after now by this store's clock. */
  at(ms: number): string;
}

/** Graphs as the store says them now. */
export class ReadCatalog extends GraphCatalog {
  private readonly known = new Map<number, RunnableGraph>();
  active: RunnableGraph[] = [];

  constructor(private readonly graphs: OperationGraphs) {
    super();
  }

  override graph(graphId: number): RunnableGraph {
    const graph = this.known.get(graphId);
    if (!graph) throw new RangeError(`graph ${graphId} is not loaded`);
    return graph;
  }

  override async load(graphIds: Iterable<number>): Promise<void> {
    const missing = [...graphIds].filter((id) => !this.known.has(id));
    for (const graph of await this.graphs.byIds(missing)) this.known.set(graph.graphId, graph);
  }

  /** After a change of the configuration. */
  async refresh(): Promise<void> {
    this.active = await this.graphs.active();
    const ids = [...this.known.keys()];
    this.known.clear();
    for (const graph of this.active) this.known.set(graph.graphId, graph);
    await this.load(ids);
  }

  context(slots: boolean): DispatchContext {
    return {
      dispatcherId: 1,
      catalog: this,
      event: () => undefined,
      slots: { take: () => slots, release: () => undefined },
    };
  }
}
