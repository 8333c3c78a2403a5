import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Days made ahead by the migration itself; bus-consumer's upkeep goes on from there. */
const DAYS_AHEAD = 7;

/** @param whole SQL: the table whose partition it is, out of `parent`, after which its days are named */
export const ensurePartition = (whole: string) => `
  create or replace function bus.ensure_partition(parent text, day date) returns boolean language plpgsql as $$
  declare
    part text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
    whole text := ${whole};
    low uuid := bus.first_event_id(day::timestamp at time zone 'UTC');
    high uuid := bus.first_event_id((day + 1)::timestamp at time zone 'UTC');
  begin
    if to_regclass(format('bus.%I', part)) is not null then
      return false;
    end if;
    execute format('create table bus.%I (like bus.%I including all)', part, whole);
    execute format(
      'with moved as (delete from bus.%I where event_id >= %L and event_id < %L returning *)
       insert into bus.%I select * from moved', parent || '_default', low, high, part);
    execute format('alter table bus.%I attach partition bus.%I for values from (%L) to (%L)',
      whole, part, low, high);
    return true;
  end $$`;

/** Day partitions of event and attempt, by the time inside the UUIDv7 event id, and a default for all else. */
export class Partitions0004 implements MigrationInterface {
  name = 'Partitions0000000000004';

  async up(runner: QueryRunner): Promise<void> {
    // The lowest UUIDv7 of a millisecond (RFC 9562, 5.7: 48 bits of Unix time come first).
    await runner.query(`
      create function bus.first_event_id(at timestamptz) returns uuid
      language sql immutable strict parallel safe
      return (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid`);
    await runner.query('create table bus.event_default partition of bus.event default');
    await runner.query('create table bus.attempt_default partition of bus.attempt default');
    // Made apart, then attached: ATTACH lets the parent's readers and writers go on. Rows of the day that went to
    // the default partition meanwhile (upkeep was late, a clock was ahead) move with it, else ATTACH would fail.
    await runner.query(ensurePartition('parent'));
    await runner.query(`
      create function bus.ensure_partitions(days_ahead integer) returns integer language plpgsql as $$
      declare
        today date := (clock_timestamp() at time zone 'UTC')::date;
        made integer := 0;
        step integer;
        parent text;
      begin
        perform pg_advisory_xact_lock(hashtext('bus.ensure_partitions'));
        for step in 0..days_ahead loop
          foreach parent in array array['event', 'attempt'] loop
            if bus.ensure_partition(parent, today + step) then
              made := made + 1;
            end if;
          end loop;
        end loop;
        return made;
      end $$`);
    await runner.query(`select bus.ensure_partitions(${DAYS_AHEAD})`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function bus.ensure_partitions(integer)');
    await runner.query('drop function bus.ensure_partition(text, date)');
    await runner.query(`
      do $$ declare part regclass;
      begin
        for part in select inhrelid::regclass from pg_inherits
                     where inhparent in ('bus.event'::regclass, 'bus.attempt'::regclass) loop
          execute format('drop table %s', part);
        end loop;
      end $$`);
    await runner.query('drop function bus.first_event_id(timestamptz)');
  }
}
