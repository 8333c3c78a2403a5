import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Repair by people: what was taken out of quarantine again, and which event was sent again as which other one. */
export class Repair0008 implements MigrationInterface {
  name = 'Repair0000000000008';

  async up(runner: QueryRunner): Promise<void> {
    // Without a default, so that the table is not rewritten and the version before goes on writing.
    await runner.query(`
      alter table bus.quarantine add column reprocessed_at timestamptz, add column reprocessed_by text`);
    // Keyed by the new event's identity and written before it is published: no resent event is ever without its link.
    // content_hash: repeating a resend whose answer was lost is told from another one under the same message id.
    await runner.query(`
      create table bus.event_link (
        identity uuid primary key,
        source text not null,
        message_id text not null,
        content_hash bytea not null,
        original_event_id uuid,
        original_log_id text collate "C",
        original_partition integer,
        original_offset bigint,
        actor text not null,
        reason text not null,
        linked_at timestamptz not null default clock_timestamp(),
        constraint event_link_original_check check (
          (original_event_id is null) = (original_log_id is not null)
          and (original_log_id is null) = (original_partition is null)
          and (original_log_id is null) = (original_offset is null))
      )`);
    await runner.query('create index event_link_original_event_id_idx on bus.event_link (original_event_id)');
    await runner.query(`
      create index event_link_original_record_idx
        on bus.event_link (original_log_id, original_partition, original_offset)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table bus.event_link');
    await runner.query('alter table bus.quarantine drop column reprocessed_at, drop column reprocessed_by');
  }
}
