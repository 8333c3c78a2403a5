import type { OperationSettings } from '../operation-settings';

/** All operations of one event type: immutable, versioned, activated as a whole (table `bus.operation_graph`). */
export class OperationGraph {
  graphId!: number;
  eventType!: string;
  /** From 1 within its event type. */
  version!: number;
  state!: 'active' | 'retired';
  operations!: OperationSettings[];
  activatedAt!: Date;
  activatedBy!: string;
}
