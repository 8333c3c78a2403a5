import { EntitySchema } from 'typeorm';

/** What is kept beside events and executions, mapped for the drift test; written and read by hand-written SQL. */
const EventIdentitySchema = new EntitySchema({
  name: 'EventIdentity',
  schema: 'bus',
  tableName: 'event_identity',
  columns: {
    identity: { type: 'uuid', primary: true },
    event_id: { type: 'uuid', nullable: true },
    content_hash: { type: 'bytea', nullable: true },
    cancelled_at: { type: 'timestamptz', nullable: true },
    deliver_at: { type: 'timestamptz', nullable: true },
    prune_after: { type: 'date' },
    first_seen_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
  },
  indices: [{ name: 'event_identity_prune_after_idx', columns: ['prune_after'] }],
});

/**
 * Attempts of one event that ended alike in one commit: a row is the attempt of `operation_id`, and of each of the other
 * operations. Read by way of the view `bus.attempt`. Its day partitions are left to SQL.
 */
const AttemptGroupSchema = new EntitySchema({
  name: 'AttemptGroup',
  schema: 'bus',
  tableName: 'attempt_group',
  columns: {
    event_id: { type: 'uuid', primary: true },
    operation_id: { type: 'integer', primary: true },
    attempt: { type: 'integer', primary: true },
    outcome: { type: 'smallint' },
    code: { type: 'text', nullable: true },
    reason: { type: 'text', nullable: true },
    output: { type: 'json', nullable: true },
    duration_ms: { type: 'integer', nullable: true },
    dispatcher_id: { type: 'integer', nullable: true },
    ended_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
    other_operation_ids: { type: 'integer', array: true, nullable: true },
    other_duration_ms: { type: 'integer', array: true, nullable: true },
  },
});

const ConsumerOffsetSchema = new EntitySchema({
  name: 'ConsumerOffset',
  schema: 'bus',
  tableName: 'consumer_offset',
  columns: {
    log_id: { type: 'text', collation: 'C', primary: true },
    partition: { type: 'integer', primary: true },
    next_offset: { type: 'bigint' },
  },
});

const QuarantineSchema = new EntitySchema({
  name: 'Quarantine',
  schema: 'bus',
  tableName: 'quarantine',
  columns: {
    log_id: { type: 'text', collation: 'C', primary: true },
    partition: { type: 'integer', primary: true },
    broker_offset: { type: 'bigint', primary: true },
    fault: { type: 'text' },
    detail: { type: 'text' },
    key: { type: 'bytea', nullable: true },
    value: { type: 'bytea', nullable: true },
    headers: {
      type: 'jsonb',
      default: [],
      comment: 'array of [name, value in base64], in the order of the record, repeated ones included',
    },
    appended_at: { type: 'timestamptz' },
    quarantined_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
    reprocessed_at: { type: 'timestamptz', nullable: true },
    reprocessed_by: { type: 'text', nullable: true },
  },
  indices: [{ name: 'quarantine_quarantined_at_idx', columns: ['quarantined_at'] }],
});

const ConfigurationSchema = new EntitySchema({
  name: 'Configuration',
  schema: 'bus',
  tableName: 'configuration',
  columns: {
    singleton: { type: 'boolean', primary: true, default: true },
    revision: { type: 'bigint', default: 1 },
    mirror_dead_letters: { type: 'boolean', default: false },
  },
  checks: [{ name: 'configuration_singleton_check', expression: 'singleton' }],
});

const RetiredDaySchema = new EntitySchema({
  name: 'RetiredDay',
  schema: 'bus',
  tableName: 'retired_day',
  columns: {
    day: { type: 'date', primary: true },
    retired_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
  },
});

const DeadLetterMirrorSchema = new EntitySchema({
  name: 'DeadLetterMirror',
  schema: 'bus',
  tableName: 'dead_letter_mirror',
  columns: {
    mirror_id: { type: 'bigint', primary: true, generated: true },
    event_id: { type: 'uuid' },
    operation_id: { type: 'integer' },
    attempt: { type: 'integer' },
    cause: { type: 'smallint' },
    code: { type: 'text', nullable: true },
    reason: { type: 'text', nullable: true },
    died_at: { type: 'timestamptz' },
    claimed_until: { type: 'timestamptz', default: () => "'-infinity'" },
  },
  indices: [{ name: 'dead_letter_mirror_event_id_idx', columns: ['event_id'] }],
});

const AuditEntrySchema = new EntitySchema({
  name: 'AuditEntry',
  schema: 'bus',
  tableName: 'audit_entry',
  columns: {
    audit_id: { type: 'bigint', primary: true, generated: true },
    at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
    actor: { type: 'text' },
    action: { type: 'text' },
    target: { type: 'text' },
    before_hash: { type: 'bytea', nullable: true },
    after_hash: { type: 'bytea', nullable: true },
    reason: { type: 'text', nullable: true },
    ip: { type: 'text', nullable: true },
    result: { type: 'text' },
  },
  indices: [{ name: 'audit_entry_at_idx', columns: ['at'] }],
});

export const RECORD_TABLES = [
  AttemptGroupSchema,
  EventIdentitySchema,
  ConsumerOffsetSchema,
  QuarantineSchema,
  ConfigurationSchema,
  RetiredDaySchema,
  DeadLetterMirrorSchema,
  AuditEntrySchema,
];
