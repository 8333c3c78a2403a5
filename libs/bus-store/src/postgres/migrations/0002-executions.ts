import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Emptied as fast as they fill: vacuumed by count, not by share of the table, and without pauses. */
const HOT_TABLE =
  'autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0';

/** The homes of an execution (in_flight, due, waiting, dead_letter), the lanes, and the record of its attempts. */
export class Executions0002 implements MigrationInterface {
  name = 'Executions0000000000002';

  async up(runner: QueryRunner): Promise<void> {
    // Only what runs now; rows are inserted and deleted, never updated. `attempt` is the fence.
    await runner.query(`
      create table bus.in_flight (
        event_id uuid,
        operation_id integer,
        attempt integer not null,
        counted smallint not null,
        lease_until timestamptz not null,
        dispatcher_id integer not null,
        primary key (event_id, operation_id)
      ) with (${HOT_TABLE})`);
    // Delay, retry, surplus. attempt and counted are the last ones; 0 = untouched. The key begins with the
    // operation, so that one operation's rows never hide another's.
    await runner.query(`
      create table bus.due (
        operation_id integer,
        due_at timestamptz,
        event_id uuid,
        attempt integer not null,
        counted smallint not null,
        key text collate "C",
        pending integer[] not null default '{}',
        primary key (operation_id, due_at, event_id)
      ) with (${HOT_TABLE})`);
    await runner.query(
      'create unique index due_event_id_operation_id_idx on bus.due (event_id, operation_id)',
    );
    // On a dependency (pending), behind the head of a lane (place), or both: one row holds both reasons.
    await runner.query(`
      create table bus.waiting (
        event_id uuid,
        operation_id integer,
        attempt integer not null,
        counted smallint not null,
        key text collate "C",
        place bigint,
        pending integer[] not null default '{}',
        primary key (event_id, operation_id)
      ) with (${HOT_TABLE})`);
    await runner.query(
      `create index waiting_operation_id_key_place_idx on bus.waiting (operation_id, key, place)
        where place is not null`,
    );
    // Exists while the lane has a head. blocked_by: the dead event that stays head until a person decides.
    await runner.query(`
      create table bus.lane (
        operation_id integer,
        key text collate "C",
        head_event_id uuid not null,
        next_place bigint not null,
        blocked_by uuid,
        primary key (operation_id, key)
      ) with (fillfactor = 50, ${HOT_TABLE})`);
    // One row per ended attempt; append only. outcome: index into ATTEMPT_OUTCOMES of bus-contracts.
    await runner.query(`
      create table bus.attempt (
        event_id uuid,
        operation_id integer,
        attempt integer,
        outcome smallint not null,
        code text,
        reason text,
        output json,
        duration_ms integer,
        dispatcher_id integer,
        ended_at timestamptz not null default clock_timestamp(),
        primary key (event_id, operation_id, attempt)
      ) partition by range (event_id)`);
    // cause: index into DEAD_CAUSES of bus-contracts.
    await runner.query(`
      create table bus.dead_letter (
        event_id uuid,
        operation_id integer,
        attempt integer not null,
        cause smallint not null,
        code text,
        reason text,
        died_at timestamptz not null default clock_timestamp(),
        primary key (event_id, operation_id)
      )`);
    await runner.query(
      'create index dead_letter_operation_id_died_at_idx on bus.dead_letter (operation_id, died_at)',
    );
    // Names a process start in the rows that it leases.
    await runner.query('create sequence bus.dispatcher_id as integer cycle');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop sequence bus.dispatcher_id');
    await runner.query(
      'drop table bus.dead_letter, bus.attempt, bus.lane, bus.waiting, bus.due, bus.in_flight',
    );
  }
}
