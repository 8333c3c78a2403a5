import { DEAD_CAUSES, DeadLetter } from '@bus/contracts';
import { EntitySchema } from 'typeorm';
import { coded } from './coded';

/** `bus.dead_letter`. */
export const DeadLetterSchema = new EntitySchema<DeadLetter>({
  name: 'DeadLetter',
  target: DeadLetter,
  schema: 'bus',
  tableName: 'dead_letter',
  columns: {
    eventId: { name: 'event_id', type: 'uuid', primary: true },
    operationId: { name: 'operation_id', type: 'integer', primary: true },
    attempt: { type: 'integer' },
    cause: { type: 'smallint', transformer: coded(DEAD_CAUSES) },
    code: { type: 'text', nullable: true },
    reason: { type: 'text', nullable: true },
    diedAt: { name: 'died_at', type: 'timestamptz', default: () => 'clock_timestamp()' },
  },
  indices: [{ name: 'dead_letter_operation_id_died_at_idx', columns: ['operationId', 'diedAt'] }],
});
