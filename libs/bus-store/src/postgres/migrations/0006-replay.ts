import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Replay: how often an effect was repeated on purpose, and runs over many dead letters. */
export class Replay0006 implements MigrationInterface {
  name = 'Replay0000000000006';

  async up(runner: QueryRunner): Promise<void> {
    // Part of the executionId: each `force` replay is a new execution for its service. `attempt`: the last one of the
    // run before; what came later belongs to this one. Only forced executions have a row.
    await runner.query(`
      create table bus.forced_run (
        event_id uuid,
        operation_id integer,
        runs integer not null,
        attempt integer not null,
        primary key (event_id, operation_id)
      )`);
    // The row is the lease: whoever does the next executions holds its lock, and moves the cursor in the same
    // transaction. next_at throttles, by the database's clock. created_at bounds what is selected: what dies later is
    // not of this run.
    await runner.query(`
      create table bus.replay_run (
        run_id uuid primary key,
        idempotency_key text collate "C",
        state text not null check (state in ('running', 'paused', 'completed', 'cancelled')),
        filter jsonb not null,
        rate_per_second integer not null,
        selected integer not null,
        replayed integer not null default 0,
        conflicts integer not null default 0,
        refused integer not null default 0,
        cursor_event_id uuid,
        cursor_operation_id integer,
        next_at timestamptz not null default clock_timestamp(),
        actor text not null,
        reason text not null,
        ip text,
        created_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz,
        constraint replay_run_idempotency_key_key unique (idempotency_key)
      )`);
    await runner.query(`
      create index replay_run_next_at_idx on bus.replay_run (next_at) where state = 'running'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table bus.replay_run, bus.forced_run');
  }
}
