import { EntitySchema } from 'typeorm';

/** What replay keeps, mapped for the drift test; written and read by hand-written SQL. */
const ForcedRunSchema = new EntitySchema({
  name: 'ForcedRun',
  schema: 'bus',
  tableName: 'forced_run',
  columns: {
    event_id: { type: 'uuid', primary: true },
    operation_id: { type: 'integer', primary: true },
    runs: { type: 'integer' },
    attempt: { type: 'integer' },
  },
});

const ReplayRunSchema = new EntitySchema({
  name: 'ReplayRun',
  schema: 'bus',
  tableName: 'replay_run',
  columns: {
    run_id: { type: 'uuid', primary: true },
    idempotency_key: { type: 'text', collation: 'C', nullable: true },
    state: { type: 'text' },
    filter: { type: 'jsonb' },
    rate_per_second: { type: 'integer' },
    selected: { type: 'integer' },
    replayed: { type: 'integer', default: 0 },
    conflicts: { type: 'integer', default: 0 },
    refused: { type: 'integer', default: 0 },
    cursor_event_id: { type: 'uuid', nullable: true },
    cursor_operation_id: { type: 'integer', nullable: true },
    next_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
    actor: { type: 'text' },
    reason: { type: 'text' },
    ip: { type: 'text', nullable: true },
    created_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
    ended_at: { type: 'timestamptz', nullable: true },
  },
  uniques: [{ name: 'replay_run_idempotency_key_key', columns: ['idempotency_key'] }],
  checks: [
    {
      name: 'replay_run_state_check',
      expression: `state = ANY (ARRAY['running'::text, 'paused'::text, 'completed'::text, 'cancelled'::text])`,
    },
  ],
  indices: [{ name: 'replay_run_next_at_idx', columns: ['next_at'], where: "(state = 'running'::text)" }],
});

export const REPLAY_TABLES = [ForcedRunSchema, ReplayRunSchema];
