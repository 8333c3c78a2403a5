import type { OperationSettings } from '../operation-settings';

/** One row per operation name, whatever the graph version (table `bus.operation`). */
export class Operation {
  operationId!: number;
  name!: string;
  /** Of the newest graph version that holds it. Pinned settings are read from an event's own graph instead. */
  settings!: OperationSettings;
}
