import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ensurePartition } from './0004-partitions';
import { EXECUTION_VIEW } from './0005-execution-view';
import { retirePartition } from './0007-upkeep';

/** The table whose partition it is, before this migration and after it. */
const WHOLE = `case when parent = 'attempt' and to_regclass('bus.attempt_group') is not null
          then 'attempt_group' else parent end`;

/**
 * Attempts of one event that ended alike in one commit become one row (docs/adr/0011): `bus.attempt` is a view from here
 * on, with one row per attempt as before, and `bus.attempt_group` the table under it. Day partitions keep their names.
 * The version before goes on meanwhile: what it inserts and deletes by way of the view goes to the table.
 */
export class AttemptGroup0009 implements MigrationInterface {
  name = 'AttemptGroup0000000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table bus.attempt rename to attempt_group');
    // Without a default, so that no partition is rewritten. Null: the row is one attempt.
    await runner.query(`
      alter table bus.attempt_group
        add column other_operation_ids integer[], add column other_duration_ms integer[]`);
    // Every condition on event_id reaches the table's primary key: nothing here stops the planner from looking through.
    await runner.query(`
      create view bus.attempt as
      select g.event_id, o.operation_id, g.attempt, g.outcome, g.code, g.reason, g.output, o.duration_ms,
             g.dispatcher_id, g.ended_at
        from bus.attempt_group g
       cross join lateral unnest(
         array_prepend(g.operation_id, g.other_operation_ids), array_prepend(g.duration_ms, g.other_duration_ms))
         as o(operation_id, duration_ms)`);
    await runner.query('alter view bus.attempt alter column ended_at set default clock_timestamp()');
    await this.takeWritesOfTheVersionBefore(runner);
    // The functions make the table's name out for themselves, so that `down` need not.
    await runner.query(ensurePartition(WHOLE));
    await runner.query(retirePartition(WHOLE));
    await runner.query(`create or replace view bus.execution as ${EXECUTION_VIEW}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop view bus.execution');
    await runner.query('drop view bus.attempt');
    await runner.query('drop function bus.insert_attempt(), bus.delete_attempt()');
    await runner.query(`
      insert into bus.attempt_group (event_id, operation_id, attempt, outcome, duration_ms, dispatcher_id, ended_at)
      select g.event_id, o.operation_id, g.attempt, g.outcome, o.duration_ms, g.dispatcher_id, g.ended_at
        from bus.attempt_group g
       cross join lateral unnest(g.other_operation_ids, g.other_duration_ms) as o(operation_id, duration_ms)`);
    await runner.query(`
      alter table bus.attempt_group drop column other_operation_ids, drop column other_duration_ms`);
    await runner.query('alter table bus.attempt_group rename to attempt');
    await runner.query(`create view bus.execution as ${EXECUTION_VIEW}`);
  }

  /** It inserts single attempts, and deletes all attempts of an event at once: the group goes with its first. */
  private async takeWritesOfTheVersionBefore(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function bus.insert_attempt() returns trigger language plpgsql as $$
      begin
        insert into bus.attempt_group
          (event_id, operation_id, attempt, outcome, code, reason, output, duration_ms, dispatcher_id, ended_at)
        values (new.event_id, new.operation_id, new.attempt, new.outcome, new.code, new.reason, new.output,
          new.duration_ms, new.dispatcher_id, new.ended_at);
        return new;
      end $$`);
    await runner.query(`
      create function bus.delete_attempt() returns trigger language plpgsql as $$
      begin
        delete from bus.attempt_group g
         where g.event_id = old.event_id and g.operation_id = old.operation_id and g.attempt = old.attempt;
        return old;
      end $$`);
    await runner.query(`
      create trigger insert_attempt instead of insert on bus.attempt
        for each row execute function bus.insert_attempt()`);
    await runner.query(`
      create trigger delete_attempt instead of delete on bus.attempt
        for each row execute function bus.delete_attempt()`);
  }
}
