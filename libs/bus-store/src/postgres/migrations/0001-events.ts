import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the broker delivered: events, their identities, the position in each log, and what could not be read. */
export class Events0001 implements MigrationInterface {
  name = 'Events0000000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create schema if not exists bus');
    // No secondary index: the id itself is the partition range, and everything else finds the event by its id.
    await runner.query(`
      create table bus.event (
        event_id uuid primary key,
        source text not null,
        message_id text not null,
        type text not null,
        key text,
        payload text not null,
        occurred_at timestamptz not null,
        deliver_at timestamptz,
        traceparent text,
        graph_id integer,
        broker_partition integer not null,
        broker_offset bigint not null,
        stored_at timestamptz not null default clock_timestamp()
      ) partition by range (event_id)`);
    // The dedupe and cancel key; outlives the event. event_id and content_hash are null while only a cancel or
    // a reschedule has arrived (a placeholder); deliver_at is a rescheduled placeholder's time.
    await runner.query(`
      create table bus.event_identity (
        identity uuid primary key,
        event_id uuid,
        content_hash bytea,
        cancelled_at timestamptz,
        deliver_at timestamptz,
        prune_after date not null,
        first_seen_at timestamptz not null default clock_timestamp()
      )`);
    await runner.query('create index event_identity_prune_after_idx on bus.event_identity (prune_after)');
    // The position that counts: the broker's own commit is a hint. Updated once a batch, so it stays HOT.
    await runner.query(`
      create table bus.consumer_offset (
        log_id text collate "C",
        partition integer,
        next_offset bigint not null,
        primary key (log_id, partition)
      ) with (fillfactor = 50)`);
    await runner.query(`
      create table bus.quarantine (
        log_id text collate "C",
        partition integer,
        broker_offset bigint,
        fault text not null,
        detail text not null,
        key bytea,
        value bytea,
        headers jsonb not null default '[]',
        appended_at timestamptz not null,
        quarantined_at timestamptz not null default clock_timestamp(),
        primary key (log_id, partition, broker_offset)
      )`);
    await runner.query('create index quarantine_quarantined_at_idx on bus.quarantine (quarantined_at)');
    await runner.query(`
      comment on column bus.quarantine.headers is
        'array of [name, value in base64], in the order of the record, repeated ones included'`);
    // One definition of the identity for SQL; the same as identityOf() in code.
    await runner.query(`
      create function bus.identity_of(source text, message_id text) returns uuid
      language sql immutable strict parallel safe
      return encode(substr(sha256(convert_to(source, 'UTF8') || '\\x00'::bytea || convert_to(message_id, 'UTF8')),
        1, 16), 'hex')::uuid`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function bus.identity_of(text, text)');
    await runner.query('drop table bus.quarantine, bus.consumer_offset, bus.event_identity, bus.event');
  }
}
