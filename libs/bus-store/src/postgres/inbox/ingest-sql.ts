import { type DestinationName, type PlacedState, placingSql } from './placing-sql';
import { graphsUnchanged, PRUNE_AFTER, RECORD_COLUMNS, recordSql } from './record-sql';

/**
 * S1 (TX1): the whole batch in one statement that commits by itself, or nothing of it.
 * No row: the position or a graph has moved. An error of class 22 (its own division by zero: another content, a
 * rescheduled placeholder, a twin this very moment; or a value that Postgres refuses) or 23 (an event id that is
 * taken): the batch goes step by step. `idle` names events that do not run: stored before, or cancelled.
 *
 * Locks in the order of docs/guarantees.md: consumer_offset, event_identity (ascending), lane (ascending): each CTE
 * needs the one before it as a whole. Indexes: the primary keys of consumer_offset, operation_graph, event_identity,
 * lane, and operation_graph_active_idx.
 */
export function anySql(destinations: readonly DestinationName[], { moved, partition, first }: Reach): string {
  const { ctes, laned } = placingSql(destinations, first);
  return `with ${moved('')},
record as materialized (
  select * from unnest($7::uuid[], $8::uuid[], $9::bytea[]) with ordinality as r(identity, event_id, content_hash, n)
   where exists (select from moved) order by identity),
fresh as (
  insert into bus.event_identity as known (identity, event_id, content_hash, prune_after)
  select identity, event_id, content_hash, ${PRUNE_AFTER} from record
  on conflict (identity) do update set event_id = excluded.event_id, content_hash = excluded.content_hash
   where known.event_id is null and known.deliver_at is null
  returning event_id, cancelled_at is not null as cancelled),
state as materialized (
  select $8::uuid[] as event_ids,
         array_agg(f.event_id is not null order by r.n) as stored,
         array_agg(f.event_id is not null and not f.cancelled order by r.n) as runs
    from record r left join fresh f using (event_id)),
repeated as (  -- lateral: one look-up each, also by a plan that was made while the table was still empty
  select count(*) as count from record r
   cross join lateral (select k.content_hash from bus.event_identity k where k.identity = r.identity limit 1) k
   where not (select stored from state)[r.n] and k.content_hash = r.content_hash),
stored as (  -- payloads are neither sorted nor kept: they go from the parameters into the table
  insert into bus.event (event_id, broker_partition, ${RECORD_COLUMNS})
  select event_id, ${partition}, ${RECORD_COLUMNS} from (${recordSql(7)}) r where (select stored from state)[r.n])${ctes}
select (select count(*) from fresh)::int as fresh, (select count from repeated)::int as repeated,
       (select string_agg(i::text, ',') from state, unnest(runs) with ordinality as x(run, i) where not run) as idle,
       ${laned} as laned,
       1 / case when (select count(*) from record) = (select count(*) from fresh) + (select count from repeated)
                then 1 else 0 end as whole
  from (select from moved limit 1) m`;
}

/**
 * S1 for events that are all new to the bus, as nearly all are: a fifth less work in a full batch, and a quarter of the
 * time of one for a single event, most of which PostgreSQL spends on starting a large plan.
 * No row also where one of the identities is known: the statement for all cases says what it is. An identity that comes
 * in at this very moment is an error of class 23, as an event id that is taken. Same parameters, same order of locks:
 * lanes need all of `fresh`.
 */
export function freshSql(
  destinations: readonly DestinationName[],
  { moved, partition, first }: Reach,
): string {
  const { ctes, laned } = placingSql(destinations, first, OF_FRESH);
  return `with ${moved('and not exists (select from bus.event_identity where identity = any ($7::uuid[]))')},
fresh as (
  insert into bus.event_identity (identity, event_id, content_hash, prune_after)
  select identity, event_id, content_hash, ${PRUNE_AFTER}
    from unnest($7::uuid[], $8::uuid[], $9::bytea[]) as r(identity, event_id, content_hash)
   where exists (select from moved) order by identity
  returning 1),
stored as (
  insert into bus.event (event_id, broker_partition, ${RECORD_COLUMNS})
  select event_id, ${partition}, ${RECORD_COLUMNS} from (${recordSql(7)}) r where exists (select from moved))${ctes}
select cardinality($7::uuid[]) as fresh, 0 as repeated, null::text as idle, ${laned} as laned
  from (select from moved limit 1) m`;
}

const OF_FRESH: PlacedState = {
  eventId: (n) => `($8::uuid[])[${n}]`,
  runs: () => `(select count(*) from fresh) > 0`,
};

/**
 * S1 for a single new event that has a graph, as most are where events come one by one: as `freshSql`, without arrays to
 * unpack. PostgreSQL takes longer to start a plan of that size than to run it, and each part less counts.
 * $1 next position · $2 log · $3 partition · $4 position · $5 graph · $6 identity · $7 event id · $8 content hash
 * $9 source · $10 message id · $11 type · $12 key · $13 payload · $14 occurred at · $15 deliver at · $16 traceparent
 * $17 offset · $18 dispatcher, and the executions
 */
export function oneSql(destinations: readonly DestinationName[]): string {
  const { ctes, laned } = placingSql(destinations, 18, OF_ONE);
  return `with moved as (
  update bus.consumer_offset set next_offset = $1
   where log_id = $2 and partition = $3 and next_offset = $4 and $18::int is not null
     and exists (select from bus.operation_graph where graph_id = $5 and state = 'active')
     and not exists (select from bus.event_identity where identity = $6)
  returning 1),
fresh as (
  insert into bus.event_identity (identity, event_id, content_hash, prune_after)
  select $6::uuid, $7::uuid, $8::bytea, ${PRUNE_AFTER} from moved
  returning 1),
stored as (
  insert into bus.event (event_id, broker_partition, ${RECORD_COLUMNS})
  select $7, $3, $9::text, $10::text, $11::text, $12::text, $13::text, $14::timestamptz, $15::timestamptz,
         $16::text, $5, $17::bigint from moved)${ctes}
select 1 as fresh, 0 as repeated, null::text as idle, ${laned} as laned from moved`;
}

const OF_ONE: PlacedState = {
  eventId: () => '$7::uuid',
  runs: () => 'exists (select from fresh)',
};

/** What a statement reaches: one partition, or several. */
export interface Reach {
  /** The CTE that moves the positions, all or none. @param and one more condition */
  moved(and: string): string;
  /** A record's partition. */
  partition: string;
  /** Number of the first parameter of the executions: the dispatcher. It has to be used, or its type is unknown. */
  first: number;
}

export const ALONE: Reach = {
  moved: (and) => `moved as (
  update bus.consumer_offset set next_offset = $1
   where log_id = $2 and partition = $3 and next_offset = $4 and $20::int is not null
     and ${graphsUnchanged('$5', '$6')} ${and}
  returning 1)`,
  partition: '$3',
  first: 20,
};

/** Positions are locked ascending: two replicas that hold the same partitions for a moment do not deadlock. */
export const TOGETHER: Reach = {
  moved: (and) => `held as materialized (
  select o.partition, p.next from unnest($3::int[], $4::bigint[], $1::bigint[]) as p(partition, start, next)
    join bus.consumer_offset o on o.log_id = $2 and o.partition = p.partition and o.next_offset = p.start
   order by o.partition for update of o),
moved as (
  update bus.consumer_offset o set next_offset = h.next from held h
   where o.log_id = $2 and o.partition = h.partition and $21::int is not null
     and (select count(*) from held) = cardinality($3::int[])
     and ${graphsUnchanged('$5', '$6')} ${and}
  returning 1)`,
  partition: '($20::int[])[r.n]',
  first: 21,
};
