import { OPERATION_DEFAULTS, type OperationSettings } from '@bus/contracts';
import { toRunnableGraph, type RunnableGraph } from '@bus/domain';
import { OperationGraphs, type ActivationsOutcome } from '@bus/store';

/** A graph whose operations are numbered from 1. */
export function graphOf(
  operations: readonly (Partial<OperationSettings> & { name: string })[],
  over: { graphId?: number; eventType?: string } = {},
): RunnableGraph {
  const eventType = over.eventType ?? 'order.paid';
  return toRunnableGraph(
    { graphId: over.graphId ?? 1, eventType, version: 1 },
    operations.map((given, index) => ({
      ...OPERATION_DEFAULTS,
      eventType,
      endpoint: 'tcp://127.0.0.1:9',
      operationId: index + 1,
      ...given,
    })),
  );
}

/** Graphs that a test sets. */
export class FakeGraphs extends OperationGraphs {
  version = 1;
  reads = 0;

  constructor(
    public activeNow: RunnableGraph[],
    public retired: RunnableGraph[] = [],
  ) {
    super();
  }

  /** As an activation does. */
  change(active: RunnableGraph[], retired: RunnableGraph[] = []): void {
    this.activeNow = active;
    this.retired = retired;
    this.version++;
  }

  override async revision(): Promise<string> {
    return String(this.version);
  }

  override async active(): Promise<RunnableGraph[]> {
    this.reads++;
    return this.activeNow;
  }

  override async byIds(graphIds: readonly number[]): Promise<RunnableGraph[]> {
    this.reads++;
    return [...this.activeNow, ...this.retired].filter(({ graphId }) => graphIds.includes(graphId));
  }

  override async history(): Promise<never[]> {
    return [];
  }

  override activateAll(): Promise<ActivationsOutcome> {
    throw new Error('graphs are set by the test');
  }

  override setState(): Promise<boolean> {
    throw new Error('graphs are set by the test');
  }
}
