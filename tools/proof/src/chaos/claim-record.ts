import type { Pool } from 'pg';

/**
 * Has PostgreSQL itself note each row that enters `in_flight`, with its own clock: when attempts began, and until when
 * their leases run, told by nobody who could be wrong about it. Statement triggers: one insert for each claim.
 */
export async function recordClaims(pool: Pool): Promise<void> {
  await pool.query(`
    create schema if not exists proof;
    create table if not exists proof.claim (
      event_id uuid, operation_id integer, attempt integer, at timestamptz, lease_until timestamptz);
    create or replace function proof.note_claims() returns trigger language plpgsql as $$
    begin
      insert into proof.claim
        select event_id, operation_id, attempt, clock_timestamp(), lease_until from fresh;
      return null;
    end $$;
    drop trigger if exists proof_note_claims on bus.in_flight;
    create trigger proof_note_claims after insert on bus.in_flight
      referencing new table as fresh for each statement execute function proof.note_claims();`);
}
