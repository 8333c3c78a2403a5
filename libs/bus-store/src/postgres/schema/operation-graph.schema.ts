import { OperationGraph } from '@bus/contracts';
import { EntitySchema } from 'typeorm';

/** Row of `bus.operation_graph`. */
export class OperationGraphRow extends OperationGraph {
  retiredAt!: Date | null;
}

/** `bus.operation_graph`. The trigger that moves the configuration's revision is left to SQL. */
export const OperationGraphSchema = new EntitySchema<OperationGraphRow>({
  name: 'OperationGraph',
  target: OperationGraphRow,
  schema: 'bus',
  tableName: 'operation_graph',
  columns: {
    graphId: { name: 'graph_id', type: 'integer', primary: true, generated: 'increment' },
    eventType: { name: 'event_type', type: 'text', collation: 'C' },
    version: { type: 'integer' },
    state: { type: 'text' },
    operations: {
      type: 'jsonb',
      comment: 'array of complete operation settings of this version, each with its operationId',
    },
    activatedAt: { name: 'activated_at', type: 'timestamptz', default: () => 'clock_timestamp()' },
    activatedBy: { name: 'activated_by', type: 'text' },
    retiredAt: { name: 'retired_at', type: 'timestamptz', nullable: true },
  },
  uniques: [{ name: 'operation_graph_event_type_version_key', columns: ['eventType', 'version'] }],
  indices: [
    { name: 'operation_graph_active_idx', columns: ['eventType'], unique: true, where: `state = 'active'` },
  ],
  checks: [{ name: 'operation_graph_state_check', expression: `state = ANY (ARRAY['active', 'retired'])` }],
});
