import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { LogBounds } from '../partition-progress';
import { type BoundsRow, toBounds } from './log-reader';

/** A replica that was killed gives its partitions up after this time, by the database's clock. */
const ALIVE_MS = 5_000;

/** One statement: this member lives, who else does, and where the log stands. */
const BEAT = `
with beat as (
  insert into bus_broker.member (member_id, sleeping) values ($1, $2)
  on conflict (member_id) do update set seen_at = clock_timestamp(), sleeping = excluded.sleeping),
buried as (
  delete from bus_broker.member where seen_at < clock_timestamp() - interval '1 min' and member_id <> $1),
others as (
  select array_agg(member_id::text) as ids from bus_broker.member
   where member_id <> $1 and seen_at > clock_timestamp() - $3 * interval '1 ms')
select l.log_id, coalesce(o.ids, '{}') as others, p.partition, p.first_offset, p.next_offset
  from bus_broker.log l cross join others o cross join bus_broker.partition p order by p.partition`;

interface BeatRow extends BoundsRow {
  log_id: string;
  others: string[];
}

export interface Beat {
  logId: string;
  bounds: Map<number, LogBounds>;
  /** The partitions of this member: each `n`th of the sorted living. For a moment two may think so; the receiver's
   *  compare-and-set decides then. */
  mine: number[];
}

/** This process's place among the replicas that share the log. */
export class LogMembership {
  private readonly memberId = randomUUID();
  /** Whether publishers shall notify. */
  private asleep = false;

  constructor(private readonly pool: Pool) {}

  get sleeping(): boolean {
    return this.asleep;
  }

  async beat(): Promise<Beat> {
    const { rows } = await this.pool.query<BeatRow>({
      name: 'bus_broker_beat',
      text: BEAT,
      values: [this.memberId, this.asleep, ALIVE_MS],
    });
    if (rows.length === 0) throw new Error('schema bus_broker holds no log; run bus-migrate');
    const { log_id, others } = rows[0];
    const living = [...others, this.memberId].sort();
    const rank = living.indexOf(this.memberId);
    const bounds = toBounds(rows);
    const mine = [...bounds.keys()].filter((partition) => partition % living.length === rank);
    return { logId: `postgres:${log_id}`, bounds, mine };
  }

  /** After `true` is committed every publisher notifies; read once more before resting. */
  async setSleeping(sleeping: boolean): Promise<void> {
    this.asleep = sleeping;
    await this.pool.query('update bus_broker.member set sleeping = $2 where member_id = $1', [
      this.memberId,
      sleeping,
    ]);
  }

  async leave(): Promise<void> {
    await this.pool.query('delete from bus_broker.member where member_id = $1', [this.memberId]);
  }
}
