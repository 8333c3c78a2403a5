import { Execution } from '@bus/contracts';
import { EntitySchema } from 'typeorm';

/**
 * The view `bus.execution`, for reading by event id. Its text is left to the migration: written twice it would only
 * be compared by its spelling.
 */
export const ExecutionSchema = new EntitySchema<Execution>({
  name: 'Execution',
  target: Execution,
  type: 'view',
  schema: 'bus',
  tableName: 'execution',
  synchronize: false,
  columns: {
    eventId: { name: 'event_id', type: 'uuid', primary: true },
    operationId: { name: 'operation_id', type: 'integer', primary: true },
    operation: { type: 'text' },
    state: { type: 'text' },
    attempt: { type: 'integer' },
    dueAt: { name: 'due_at', type: 'timestamptz', nullable: true },
  },
});
