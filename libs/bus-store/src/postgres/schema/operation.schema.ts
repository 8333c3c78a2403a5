import { Operation, type OperationState } from '@bus/contracts';
import { EntitySchema } from 'typeorm';

/** Row of `bus.operation`: the public entity, its live state, and the token bucket of a rated operation. */
export class OperationRow extends Operation {
  eventType!: string;
  state!: OperationState;
  /** A bigint as text; set by a trigger at every change of settings or state. */
  revision!: string;
  tokens!: number | null;
  refilledAt!: Date | null;
}

/** `bus.operation`. The triggers, one of which sets `revision`, are left to SQL. */
export const OperationSchema = new EntitySchema<OperationRow>({
  name: 'Operation',
  target: OperationRow,
  schema: 'bus',
  tableName: 'operation',
  columns: {
    operationId: { name: 'operation_id', type: 'integer', primary: true, generated: 'increment' },
    name: { type: 'text', collation: 'C' },
    eventType: { name: 'event_type', type: 'text', collation: 'C' },
    settings: { type: 'jsonb' },
    state: { type: 'text', default: 'active' },
    revision: { type: 'bigint' },
    tokens: { type: 'double precision', nullable: true },
    refilledAt: { name: 'refilled_at', type: 'timestamptz', nullable: true },
  },
  uniques: [{ name: 'operation_name_key', columns: ['name'] }],
  checks: [
    { name: 'operation_state_check', expression: `state = ANY (ARRAY['active', 'paused', 'disabled'])` },
  ],
});
