import { Attempt, ATTEMPT_OUTCOMES } from '@bus/contracts';
import { EntitySchema } from 'typeorm';
import { coded } from './coded';

/** The view `bus.attempt`: one row per attempt, out of `bus.attempt_group`. Its text is left to the migration. */
export const AttemptSchema = new EntitySchema<Attempt>({
  name: 'Attempt',
  target: Attempt,
  type: 'view',
  schema: 'bus',
  tableName: 'attempt',
  synchronize: false,
  columns: {
    eventId: { name: 'event_id', type: 'uuid', primary: true },
    operationId: { name: 'operation_id', type: 'integer', primary: true },
    attempt: { type: 'integer', primary: true },
    outcome: { type: 'smallint', transformer: coded(ATTEMPT_OUTCOMES) },
    code: { type: 'text', nullable: true },
    reason: { type: 'text', nullable: true },
    output: { type: 'json', nullable: true },
    durationMs: { name: 'duration_ms', type: 'integer', nullable: true },
    dispatcherId: { name: 'dispatcher_id', type: 'integer', nullable: true },
    endedAt: { name: 'ended_at', type: 'timestamptz' },
  },
});
