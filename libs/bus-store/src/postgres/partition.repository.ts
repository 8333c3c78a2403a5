import { Injectable } from '@nestjs/common';
import { PartitionUpkeep } from '../partition-upkeep';
import { StorePool, named } from './connection';
import { inTransaction } from './transaction';

const ENSURE = named('partition.ensure', 'select bus.ensure_partitions($1) as made');

/** The oldest day is known by its name; looking into the default partitions costs one index range each. */
const NEWER_THAN_OLDEST = named(
  'partition.newer_than_oldest',
  `with oldest as materialized (
     select bus.first_event_id(to_date(right(min(c.relname), 8), 'YYYYMMDD')::timestamp at time zone 'UTC') as event_id
       from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'bus.event'::regclass and c.relname ~ '^event_[0-9]{8}$')
   select (select count(*) from bus.event_default where event_id >= (select event_id from oldest))
        + (select count(*) from bus.attempt_default where event_id >= (select event_id from oldest)) as rows`,
);

/** Partitions by SQL functions of the migrations, so that bus-migrate and bus-consumer make them the same way. */
@Injectable()
export class PostgresPartitionUpkeep extends PartitionUpkeep {
  constructor(private readonly pool: StorePool) {
    super();
  }

  ensureDays(ahead: number): Promise<number> {
    if (!Number.isInteger(ahead) || ahead < 0)
      throw new RangeError(`ahead must be a whole number of days ≥ 0: ${ahead}`);
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ made: number }>(ENSURE([ahead]));
      return rows[0].made;
    });
  }

  async defaultRowsNewerThanOldest(): Promise<number> {
    const { rows } = await this.pool.query<{ rows: string }>(NEWER_THAN_OLDEST());
    return Number(rows[0].rows);
  }
}
