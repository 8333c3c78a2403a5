import type { MigrationInterface, QueryRunner } from 'typeorm';

/** @param whole SQL: the table whose partition it is, out of `parent`, after which its days are named */
export const retirePartition = (whole: string) => `
  create or replace function bus.retire_partition(parent text, day date, most integer) returns integer
  language plpgsql as $$
  declare
    part text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
    whole text := ${whole};
    low uuid := bus.first_event_id(day::timestamp at time zone 'UTC');
    high uuid := bus.first_event_id((day + 1)::timestamp at time zone 'UTC');
    kept uuid[];
    moved integer;
  begin
    if not pg_try_advisory_xact_lock(hashtext('bus.ensure_partitions')) then
      return null;
    end if;
    if parent = 'attempt' and to_regclass(format('bus.event_%s', to_char(day, 'YYYYMMDD'))) is not null then
      return null;
    end if;
    for look in 1..2 loop -- before the lock, which is not taken in vain, and after it
      if parent = 'event' then
        kept := bus.open_events(low, high, most + 1);
      else
        kept := array(select event_id from bus.event_default where event_id >= low and event_id < high);
      end if;
      execute format('select count(*) from (select from bus.%I where event_id = any ($1) limit $2) k', part)
        into moved using kept, most + 1;
      if moved > most or cardinality(kept) > most then
        return -1;
      end if;
      if look = 1 then
        execute format('lock table only bus.%I in access exclusive mode', whole);
      end if;
    end loop;
    execute format('alter table bus.%I detach partition bus.%I', whole, part);
    execute format('insert into bus.%I select * from bus.%I where event_id = any ($1)',
      parent || '_default', part) using kept;
    get diagnostics moved = row_count;
    execute format('drop table bus.%I', part);
    if parent = 'event' then
      insert into bus.retired_day (day) values (retire_partition.day) on conflict do nothing;
    end if;
    return moved;
  end $$`;

/** Upkeep: the share of retries in claims, retention by day, the outbox of mirrored dead letters. */
export class Upkeep0007 implements MigrationInterface {
  name = 'Upkeep0000000000007';

  async up(runner: QueryRunner): Promise<void> {
    // Fresh work (0) and retries (1) of an operation are a range each. An expression and not two partial indexes: a
    // plan made while the table is empty has to prefer it to the primary key.
    await runner.query(`
      create index due_share_idx on bus.due (operation_id, least(attempt, 1), due_at, event_id)`);

    // When a day's events were dropped: none of them ended later. One row a day.
    await runner.query(`
      create table bus.retired_day (
        day date primary key,
        retired_at timestamptz not null default clock_timestamp()
      )`);
    await runner.query(`
      create function bus.day_of(event_id uuid) returns date
      language sql immutable strict parallel safe
      return (to_timestamp(('x' || substr(replace(event_id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0)
        at time zone 'UTC')::date`);

    // Written in the transaction in which an execution died, deleted once the broker has the record. claimed_until: by
    // whom it is published is open again after that.
    await runner.query(`
      create table bus.dead_letter_mirror (
        mirror_id bigint generated always as identity primary key,
        event_id uuid not null,
        operation_id integer not null,
        attempt integer not null,
        cause smallint not null,
        code text,
        reason text,
        died_at timestamptz not null,
        claimed_until timestamptz not null default '-infinity'
      )`);
    await runner.query('create index dead_letter_mirror_event_id_idx on bus.dead_letter_mirror (event_id)');
    await runner.query(`
      alter table bus.configuration add column mirror_dead_letters boolean not null default false`);
    await runner.query(`
      create function bus.mirror_dead_letter() returns trigger language plpgsql as $$
      begin
        insert into bus.dead_letter_mirror (event_id, operation_id, attempt, cause, code, reason, died_at)
        select new.event_id, new.operation_id, new.attempt, new.cause, new.code, new.reason, new.died_at
          from bus.configuration where mirror_dead_letters;
        return null;
      end $$`);
    // For each row: a close in which nothing died does not even call it.
    await runner.query(`
      create trigger mirror_dead_letter after insert on bus.dead_letter
        for each row execute function bus.mirror_dead_letter()`);

    // Events with a home row, or whose mirror is not sent yet; at most so many.
    await runner.query(`
      create function bus.open_events(low uuid, high uuid, most integer) returns uuid[] language sql as $$
        select coalesce(array_agg(event_id), '{}') from (
          select event_id from bus.in_flight where event_id >= low and event_id < high
          union select event_id from bus.due where event_id >= low and event_id < high
          union select event_id from bus.waiting where event_id >= low and event_id < high
          union select event_id from bus.dead_letter where event_id >= low and event_id < high
          union select event_id from bus.dead_letter_mirror where event_id >= low and event_id < high
          limit most) o $$`);
    // Answers the rows that moved to the default partition; -1: more than so many would, nothing was done; null: it is
    // not this one's turn. The look is taken after the lock: who opens an ended execution has read its event or attempt
    // in the same transaction, and is waited for; who comes later finds what is left. Attempts go after their events:
    // those of every event that is left stay with it.
    await runner.query(retirePartition('parent'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop function bus.retire_partition(text, date, integer)');
    await runner.query('drop function bus.open_events(uuid, uuid, integer)');
    await runner.query('drop trigger mirror_dead_letter on bus.dead_letter');
    await runner.query('drop function bus.mirror_dead_letter()');
    await runner.query('alter table bus.configuration drop column mirror_dead_letters');
    await runner.query('drop table bus.dead_letter_mirror, bus.retired_day');
    await runner.query('drop function bus.day_of(uuid)');
    await runner.query('drop index bus.due_share_idx');
  }
}
