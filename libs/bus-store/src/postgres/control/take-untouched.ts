import type { PoolClient } from 'pg';
import { TransactionAgain } from '../connection.errors';
import { LOAD_EVENT, LOCK_LANES, LOOK, PROMOTE, TAKE_DUE, TAKE_WAITING } from './control-statements';

/** An execution that nobody has begun, out of its home. */
export interface TakenExecution {
  operation_id: number;
  attempt: number;
  counted: number;
  key: string | null;
  pending: number[];
}

/**
 * TX5's core: takes *all* executions of an event out of `due` and `waiting`, or none of them. The event's identity is
 * locked by the caller, so that no second one comes in between; its lanes come next, then the rows. What was taken
 * out of lanes is followed there by the next in place.
 * @returns what was taken; `null`: something has started, or nothing was left to run. Nothing is changed then.
 * @throws TransactionAgain if a row was moving between its homes meanwhile
 */
export async function takeUntouched(client: PoolClient, eventId: string): Promise<TakenExecution[] | null> {
  const loaded = await client.query<{ key: string | null; ordered: number[]; started: boolean }>(
    LOAD_EVENT([eventId]),
  );
  const event = loaded.rows.at(0);
  if (!event || event.started) return null;
  const ordered = event.key === null ? [] : event.ordered;
  const locked = new Set<number>();
  if (ordered.length > 0) {
    const { rows } = await client.query<{ operation_id: number }>(LOCK_LANES([ordered, event.key]));
    rows.forEach((row) => locked.add(row.operation_id));
  }

  await client.query('savepoint before_taking');
  const due = await client.query<TakenExecution>(TAKE_DUE([eventId]));
  const waiting = await client.query<TakenExecution>(TAKE_WAITING([eventId]));
  const taken = [...due.rows, ...waiting.rows];
  const look = await client.query<{ started: boolean; moving: boolean; homes: boolean; heads: number[] }>(
    LOOK([eventId, ordered, event.key]),
  );
  const { started, moving, homes, heads } = look.rows[0];
  if (!started) {
    if (moving) throw new TransactionAgain('an execution was moving between its homes');
    // A lane made after the lanes were locked: its rows belong to whoever made it.
    const unlocked = waiting.rows.some((row) => row.key !== null && !locked.has(row.operation_id));
    if (unlocked || heads.some((operationId) => !locked.has(operationId)))
      throw new TransactionAgain('an execution joined a lane that was made meanwhile');
  }
  if (started || homes || taken.length === 0) {
    await client.query('rollback to savepoint before_taking');
    return null;
  }
  if (heads.length > 0) await client.query(PROMOTE([heads, event.key]));
  return taken;
}
