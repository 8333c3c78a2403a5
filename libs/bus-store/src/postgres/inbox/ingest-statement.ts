import type { QueryConfig } from 'pg';
import type { InboxBatch, PlannedEvent } from '../../event-inbox';
import { plainArray } from '../array-literal';
import { named } from '../connection';
import { ALONE, anySql, freshSql, oneSql, TOGETHER } from './ingest-sql';
import { type DestinationName, destinationsOf, placingValues } from './placing-sql';
import type { PlannedRows } from './planned-rows';
import { graphValues, recordValues } from './record-sql';

/** What a statement takes: `fresh`, events that are all new to the bus, or `any`. */
export type Takes = 'fresh' | 'any';
type Destinations = readonly DestinationName[];

const STATEMENTS = new Map<string, ReturnType<typeof named>>();

/** Prepared per set of destinations: at most 48 of each kind, a handful in practice. */
function statement(kind: string, destinations: Destinations, sql: (destinations: Destinations) => string) {
  const name = [kind, ...destinations].join('.');
  let query = STATEMENTS.get(name);
  if (!query) STATEMENTS.set(name, (query = named(name, sql(destinations))));
  return query;
}

/** S1 for a batch with its values. */
export function ingestQuery(batch: InboxBatch, rows: PlannedRows, takes: Takes): QueryConfig {
  const destinations = destinationsOf(rows);
  const position = [batch.next, batch.logId, batch.partition, batch.start];
  const executions = placingValues(destinations, rows, batch.dispatcherId);
  const [event] = batch.events;
  if (takes === 'fresh' && batch.events.length === 1 && event.graphId !== null) {
    const one = statement('inbox.ingest.fresh.one', destinations, oneSql);
    return one([...position, ...oneValues(event), ...executions]);
  }
  const sql = takes === 'fresh' ? freshSql : anySql;
  const many = statement(`inbox.ingest.${takes}`, destinations, (all) => sql(all, ALONE));
  return many([...position, ...graphValues(batch.events), ...recordValues(batch.events), ...executions]);
}

/** S1 for batches of several partitions: the events of all in this order, as `rows` were planned. */
export function togetherQuery(batches: readonly InboxBatch[], rows: PlannedRows, takes: Takes): QueryConfig {
  const destinations = destinationsOf(rows);
  const events = batches.flatMap((batch) => batch.events);
  const sql = takes === 'fresh' ? freshSql : anySql;
  const many = statement(`inbox.ingest_together.${takes}`, destinations, (all) => sql(all, TOGETHER));
  return many([
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

function oneValues({ event, graphId, identity, contentHash, offset }: PlannedEvent): unknown[] {
  const { eventId, source, messageId, type, key, payload, occurredAt, deliverAt, traceparent } = event;
  return [
    graphId,
    identity,
    eventId,
    contentHash,
    source,
    messageId,
    type,
    key,
    payload,
    occurredAt,
    deliverAt,
    traceparent,
    offset,
  ];
}

export interface IngestRow {
  fresh: number;
  repeated: number;
  /** Places (from 1) of events that do not run, comma-separated; `null`: all run. */
  idle: string | null;
  /** Places (from 1) of laned rows that started, comma-separated. */
  laned: string | null;
}
