import { createProcessedExecution } from '@bus/consumer-kit';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The kit's table, and the effects. */
export class EffectsMigration1767225600001 implements MigrationInterface {
  readonly name = 'EffectsMigration1767225600001';

  async up(db: QueryRunner): Promise<void> {
    await db.query(createProcessedExecution('proof'));
    // Without any unique constraint: a duplicate must show, not fail.
    await db.query(`
      create table proof.effects (
        "order" bigserial,
        execution_id uuid not null,
        source text not null,
        message_id text not null,
        operation text not null,
        attempt integer not null,
        content text not null,
        event_key text,
        at timestamptz not null default clock_timestamp()
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('drop table proof.effects, proof.processed_execution');
  }
}
