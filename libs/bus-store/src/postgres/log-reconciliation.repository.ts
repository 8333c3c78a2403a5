import { Injectable } from '@nestjs/common';
import type { QuarantinedRecord } from '../event-inbox';
import { LogReconciliation, type LoggedRecord, type RecordEnd } from '../log-reconciliation';
import { StorePool, named } from './connection';
import { storeQuarantine } from './inbox/quarantine-rows';
import { inTransaction } from './transaction';

/** Primary key. $1 log */
const POSITIONS = named(
  'reconcile.positions',
  'select partition, next_offset::text as position from bus.consumer_offset where log_id = $1',
);

/**
 * Primary keys of quarantine, event_identity and event, one look-up a record each. An identity whose event is older
 * than the oldest day that is kept stands for an event that retention took.
 * $1 log · $2 partition · $3 offsets · $4 identities · $5 hashes in hex
 */
const EXPLAIN = named(
  'reconcile.explain',
  `with oldest as materialized (
     select bus.first_event_id(to_date(right(min(c.relname), 8), 'YYYYMMDD')::timestamp at time zone 'UTC') as event_id
       from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'bus.event'::regclass and c.relname ~ '^event_[0-9]{8}$')
   select case
            when q.log_id is not null then 'quarantined'
            when k.identity is null then 'missing'
            when k.event_id is null then case when k.cancelled_at is null then 'missing' else 'cancelled' end
            when encode(k.content_hash, 'hex') <> r.hash then 'other_content'
            when e.event_id is null and k.event_id >= (select event_id from oldest) then 'event_missing'
            when e.broker_partition = $2 and e.broker_offset = r.broker_offset then 'stored'
            else 'twin'
          end as ended
     from unnest($3::bigint[], $4::uuid[], $5::text[]) with ordinality as r(broker_offset, identity, hash, place)
     left join bus.quarantine q
       on q.log_id = $1 and q.partition = $2::int and q.broker_offset = r.broker_offset
     left join bus.event_identity k on k.identity = r.identity
     left join bus.event e on e.event_id = k.event_id
    order by r.place`,
);

@Injectable()
export class PostgresLogReconciliation extends LogReconciliation {
  constructor(private readonly pool: StorePool) {
    super();
  }

  async positions(logId: string): Promise<Map<number, bigint>> {
    const { rows } = await this.pool.query<{ partition: number; position: string }>(POSITIONS([logId]));
    return new Map(rows.map(({ partition, position }) => [partition, BigInt(position)]));
  }

  async explain(logId: string, records: readonly LoggedRecord[]): Promise<RecordEnd[]> {
    if (records.length === 0) return [];
    const { rows } = await this.pool.query<{ ended: RecordEnd }>(
      EXPLAIN([
        logId,
        records[0].partition,
        records.map(({ offset }) => String(offset)),
        records.map(({ event }) => event?.identity ?? null),
        records.map(({ event }) => event?.contentHash.toString('hex') ?? null),
      ]),
    );
    return rows.map(({ ended }) => ended);
  }

  keep(logId: string, partition: number, records: readonly QuarantinedRecord[]): Promise<void> {
    return inTransaction(this.pool, (client) => storeQuarantine(client, { logId, partition }, records));
  }
}
