import { EntitySchema } from 'typeorm';

/** Which event was sent again as which other one, mapped for the drift test. */
export const EventLinkSchema = new EntitySchema({
  name: 'EventLink',
  schema: 'bus',
  tableName: 'event_link',
  columns: {
    identity: { type: 'uuid', primary: true },
    source: { type: 'text' },
    message_id: { type: 'text' },
    content_hash: { type: 'bytea' },
    original_event_id: { type: 'uuid', nullable: true },
    original_log_id: { type: 'text', collation: 'C', nullable: true },
    original_partition: { type: 'integer', nullable: true },
    original_offset: { type: 'bigint', nullable: true },
    actor: { type: 'text' },
    reason: { type: 'text' },
    linked_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
  },
  indices: [
    { name: 'event_link_original_event_id_idx', columns: ['original_event_id'] },
    {
      name: 'event_link_original_record_idx',
      columns: ['original_log_id', 'original_partition', 'original_offset'],
    },
  ],
  checks: [
    {
      name: 'event_link_original_check',
      expression: `(original_event_id is null) = (original_log_id is not null)
        and (original_log_id is null) = (original_partition is null)
        and (original_log_id is null) = (original_offset is null)`,
    },
  ],
});
