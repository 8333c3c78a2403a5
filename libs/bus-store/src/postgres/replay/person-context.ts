import type { RunnableGraph } from '@bus/domain';
import { GraphCatalog, type DispatchContext } from '../../execution-ledger';

/** Leases nothing: no dispatcher has this number. */
const NO_DISPATCHER = 0;

class OneGraph extends GraphCatalog {
  constructor(private readonly only: RunnableGraph | null) {
    super();
  }

  override graph(graphId: number): RunnableGraph {
    if (this.only?.graphId !== graphId) throw new RangeError(`graph ${graphId} is not loaded`);
    return this.only;
  }

  override async load(): Promise<void> {
    // the one is here
  }
}

/** A person runs nothing: whatever is placed by their word is due at once, for whoever claims it. */
export function personContext(graph: RunnableGraph | null): DispatchContext {
  return {
    dispatcherId: NO_DISPATCHER,
    catalog: new OneGraph(graph),
    event: () => undefined,
    slots: { take: () => false, release: () => undefined },
  };
}
