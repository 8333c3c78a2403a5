import type { QueryConfig } from 'pg';
import type { InboxBatch, PlannedEvent } from '../../event-inbox';
import { named } from '../connection';
import { bytesArray, plainArray, sparseArray, sparseTextArray, textArray } from '../array-literal';
import { destinationsOf, placingSql, placingValues } from './placing-sql';
import type { PlannedRows } from './planned-rows';

/** Days that an identity is kept at least (docs/guarantees.md, G3). */
export const IDENTITY_DAYS = 90;
/** First day on which an identity stored now may be looked at for pruning. */
export const PRUNE_AFTER = `(clock_timestamp() at time zone 'UTC')::date + ${IDENTITY_DAYS}`;

/** The batch's graphs are all active, and no type that was unrouted has an active graph now. */
export const graphsUnchanged = (graphs: string, unroutedTypes: string): string => `
  not exists (select from unnest(${graphs}::int[]) g where not exists (
    select from bus.operation_graph where graph_id = g and state = 'active'))
  and not exists (select from bus.operation_graph where event_type = any (${unroutedTypes}::text[]) and state = 'active')`;

/** Row type of `recordSql`. */
export const RECORD_COLUMNS =
  'source, message_id, type, key, payload, occurred_at, deliver_at, traceparent, graph_id, broker_offset';

/** The batch's events as rows, `n` being their place in it. Takes 13 parameters, the second being the event ids. */
export function recordSql(first: number): string {
  const types = [
    'uuid',
    'uuid',
    'bytea',
    'text',
    'text',
    'text',
    'text',
    'text',
    'timestamptz',
    'timestamptz',
  ]
    .concat(['text', 'int', 'bigint'])
    .map((type, index) => `$${first + index}::${type}[]`);
  return `select * from unnest(${types.join(', ')}) with ordinality
      as r(identity, event_id, content_hash, ${RECORD_COLUMNS}, n)`;
}

export function recordValues(events: readonly PlannedEvent[]): unknown[] {
  return [
    plainArray(events.map((row) => row.identity)),
    plainArray(events.map((row) => row.event.eventId)),
    bytesArray(events.map((row) => row.contentHash)),
    textArray(events.map((row) => row.event.source)),
    textArray(events.map((row) => row.event.messageId)),
    textArray(events.map((row) => row.event.type)),
    sparseTextArray(events.map((row) => row.event.key)),
    textArray(events.map((row) => row.event.payload)),
    textArray(events.map((row) => row.event.occurredAt)),
    sparseTextArray(events.map((row) => row.event.deliverAt)),
    sparseTextArray(events.map((row) => row.event.traceparent)),
    sparseArray(events.map((row) => row.graphId)),
    plainArray(events.map((row) => row.offset)),
  ];
}

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
function ingestSql(destinations: readonly (keyof PlannedRows)[], { moved, partition, first }: Reach): string {
  const { ctes, laned } = placingSql(destinations, first);
  return `with ${moved},
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

/** What a statement reaches: one partition, or several. */
interface Reach {
  /** The CTE that moves the positions, all or none. */
  moved: string;
  /** A record's partition. */
  partition: string;
  /** Number of the first parameter of the executions: the dispatcher. It has to be used, or its type is unknown. */
  first: number;
}

const ALONE: Reach = {
  moved: `moved as (
  update bus.consumer_offset set next_offset = $1
   where log_id = $2 and partition = $3 and next_offset = $4 and $20::int is not null
     and ${graphsUnchanged('$5', '$6')}
  returning 1)`,
  partition: '$3',
  first: 20,
};

/** Positions are locked ascending: two replicas that hold the same partitions for a moment do not deadlock. */
const TOGETHER: Reach = {
  moved: `held as materialized (
  select o.partition, p.next from unnest($3::int[], $4::bigint[], $1::bigint[]) as p(partition, start, next)
    join bus.consumer_offset o on o.log_id = $2 and o.partition = p.partition and o.next_offset = p.start
   order by o.partition for update of o),
moved as (
  update bus.consumer_offset o set next_offset = h.next from held h
   where o.log_id = $2 and o.partition = h.partition and $21::int is not null
     and (select count(*) from held) = cardinality($3::int[])
     and ${graphsUnchanged('$5', '$6')}
  returning 1)`,
  partition: '($20::int[])[r.n]',
  first: 21,
};

const STATEMENTS = new Map<string, ReturnType<typeof named>>();

/** Prepared per set of destinations: at most 32 of each, a handful in practice. */
function statement(kind: string, destinations: readonly (keyof PlannedRows)[], reach: Reach) {
  const name = [kind, ...destinations].join('.');
  let query = STATEMENTS.get(name);
  if (!query) STATEMENTS.set(name, (query = named(name, ingestSql(destinations, reach))));
  return query;
}

/** S1 for a batch with its values. */
export function ingestQuery(batch: InboxBatch, rows: PlannedRows): QueryConfig {
  const destinations = destinationsOf(rows);
  return statement(
    'inbox.ingest',
    destinations,
    ALONE,
  )([
    batch.next,
    batch.logId,
    batch.partition,
    batch.start,
    ...graphValues(batch.events),
    ...recordValues(batch.events),
    ...placingValues(destinations, rows, batch.dispatcherId),
  ]);
}

/** S1 for batches of several partitions: the events of all in this order, as `rows` were planned. */
export function togetherQuery(batches: readonly InboxBatch[], rows: PlannedRows): QueryConfig {
  const destinations = destinationsOf(rows);
  const events = batches.flatMap((batch) => batch.events);
  return statement(
    'inbox.ingest_together',
    destinations,
    TOGETHER,
  )([
    plainArray(batches.map(({ next }) => next)),
    batches[0].logId,
    plainArray(batches.map(({ partition }) => partition)),
    plainArray(batches.map(({ start }) => start)),
    ...graphValues(events),
    ...recordValues(events),
    plainArray(batches.flatMap((batch) => batch.events.map(() => batch.partition))),
    ...placingValues(destinations, rows, batches[0].dispatcherId),
  ]);
}

export interface IngestRow {
  fresh: number;
  repeated: number;
  /** Places (from 1) of events that do not run, comma-separated; `null`: all run. */
  idle: string | null;
  /** Places (from 1) of laned rows that started, comma-separated. */
  laned: string | null;
}

/** Graph ids of the batch, and the types that it stores as unrouted. */
export function graphValues(events: readonly PlannedEvent[]): [graphs: string, unroutedTypes: string] {
  const graphs = new Set<number>();
  const unrouted = new Set<string>();
  for (const { graphId, event } of events) {
    if (graphId === null) unrouted.add(event.type);
    else graphs.add(graphId);
  }
  return [plainArray([...graphs]), textArray([...unrouted])];
}
