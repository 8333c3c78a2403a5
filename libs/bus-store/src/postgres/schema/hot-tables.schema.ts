import { EntitySchema } from 'typeorm';

/**
 * Tables that only this library knows: rows come and go by hand-written statements, never through an entity. They
 * are mapped so that the drift test sees them. Storage parameters and vacuum settings are left to SQL.
 */
const columnsOfExecution = {
  attempt: { type: 'integer' },
  counted: { type: 'smallint' },
} as const;

const InFlightSchema = new EntitySchema({
  name: 'InFlight',
  schema: 'bus',
  tableName: 'in_flight',
  columns: {
    event_id: { type: 'uuid', primary: true },
    operation_id: { type: 'integer', primary: true },
    ...columnsOfExecution,
    lease_until: { type: 'timestamptz' },
    dispatcher_id: { type: 'integer' },
  },
});

const DueSchema = new EntitySchema({
  name: 'Due',
  schema: 'bus',
  tableName: 'due',
  columns: {
    operation_id: { type: 'integer', primary: true },
    due_at: { type: 'timestamptz', primary: true },
    event_id: { type: 'uuid', primary: true },
    ...columnsOfExecution,
    key: { type: 'text', collation: 'C', nullable: true },
    pending: { type: 'integer', array: true, default: () => "'{}'" },
  },
  indices: [
    { name: 'due_event_id_operation_id_idx', columns: ['event_id', 'operation_id'], unique: true },
    { name: 'due_share_idx', synchronize: false }, // with an expression: left to SQL
  ],
});

const WaitingSchema = new EntitySchema({
  name: 'Waiting',
  schema: 'bus',
  tableName: 'waiting',
  columns: {
    event_id: { type: 'uuid', primary: true },
    operation_id: { type: 'integer', primary: true },
    ...columnsOfExecution,
    key: { type: 'text', collation: 'C', nullable: true },
    place: { type: 'bigint', nullable: true },
    pending: { type: 'integer', array: true, default: () => "'{}'" },
  },
  indices: [
    {
      name: 'waiting_operation_id_key_place_idx',
      columns: ['operation_id', 'key', 'place'],
      where: 'place IS NOT NULL',
    },
  ],
});

const LaneSchema = new EntitySchema({
  name: 'Lane',
  schema: 'bus',
  tableName: 'lane',
  columns: {
    operation_id: { type: 'integer', primary: true },
    key: { type: 'text', collation: 'C', primary: true },
    head_event_id: { type: 'uuid' },
    next_place: { type: 'bigint' },
    blocked_by: { type: 'uuid', nullable: true },
  },
});

export const HOT_TABLES = [InFlightSchema, DueSchema, WaitingSchema, LaneSchema];
