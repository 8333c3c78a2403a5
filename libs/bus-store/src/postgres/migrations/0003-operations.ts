import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Configuration: versioned graphs, live settings and token buckets, and who changed what. */
export class Operations0003 implements MigrationInterface {
  name = 'Operations0000000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table bus.operation_graph (
        graph_id serial primary key,
        event_type text collate "C" not null,
        version integer not null,
        state text not null check (state in ('active', 'retired')),
        operations jsonb not null,
        activated_at timestamptz not null default clock_timestamp(),
        activated_by text not null,
        retired_at timestamptz,
        constraint operation_graph_event_type_version_key unique (event_type, version)
      )`);
    // Decides who activates: at most one active version per event type.
    await runner.query(`
      create unique index operation_graph_active_idx on bus.operation_graph (event_type)
        where state = 'active'`);
    await runner.query(`
      comment on column bus.operation_graph.operations is
        'array of complete operation settings of this version, each with its operationId'`);
    // One row per name, whatever the version. settings and state are live; tokens and refilled_at are the bucket
    // of a rated operation, filled by the database's clock.
    await runner.query('create sequence bus.operation_revision');
    await runner.query(`
      create table bus.operation (
        operation_id serial primary key,
        name text collate "C" not null,
        event_type text collate "C" not null,
        settings jsonb not null,
        state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
        revision bigint not null,
        tokens double precision,
        refilled_at timestamptz,
        constraint operation_name_key unique (name)
      )`);
    // One row. Its row lock puts changes in a row, so a reader never sees the same revision for two states of the
    // configuration (a bare sequence would: the later number can commit first).
    await runner.query(`
      create table bus.configuration (
        singleton boolean primary key default true check (singleton),
        revision bigint not null default 1
      )`);
    await runner.query('insert into bus.configuration default values');
    await runner.query(`
      create function bus.configuration_changed() returns trigger language plpgsql as $$
      begin
        update bus.configuration set revision = revision + 1;
        return null;
      end $$`);
    await runner.query(`
      create trigger configuration_changed after insert or delete or update of state, operations
        on bus.operation_graph for each statement execute function bus.configuration_changed()`);
    // Not on tokens and refilled_at: claims of rated operations change those all the time.
    await runner.query(`
      create trigger configuration_changed after insert or delete or update of settings, state, event_type
        on bus.operation for each statement execute function bus.configuration_changed()`);
    await runner.query(`
      create function bus.operation_changed() returns trigger language plpgsql as $$
      begin
        new.revision := nextval('bus.operation_revision');
        return new;
      end $$`);
    await runner.query(`
      create trigger operation_changed before insert or update of settings, state, event_type
        on bus.operation for each row execute function bus.operation_changed()`);
    await runner.query(`
      create table bus.audit_entry (
        audit_id bigint generated always as identity primary key,
        at timestamptz not null default clock_timestamp(),
        actor text not null,
        action text not null,
        target text not null,
        before_hash bytea,
        after_hash bytea,
        reason text,
        ip text,
        result text not null
      )`);
    await runner.query('create index audit_entry_at_idx on bus.audit_entry (at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table bus.audit_entry, bus.configuration, bus.operation, bus.operation_graph');
    await runner.query('drop function bus.operation_changed()');
    await runner.query('drop function bus.configuration_changed()');
    await runner.query('drop sequence bus.operation_revision');
  }
}
