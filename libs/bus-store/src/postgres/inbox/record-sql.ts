import type { PlannedEvent } from '../../event-inbox';
import { plainArray, sparseArray, sparseTextArray, textArray } from '../array-literal';
import { bigintArray, binaryTextArray, byteaArray, uuidArray } from '../binary-array';

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
    uuidArray(events.map((row) => row.identity)),
    uuidArray(events.map((row) => row.event.eventId)),
    byteaArray(events.map((row) => row.contentHash)),
    binaryTextArray(events.map((row) => row.event.source)),
    binaryTextArray(events.map((row) => row.event.messageId)),
    binaryTextArray(events.map((row) => row.event.type)),
    binaryTextArray(events.map((row) => row.event.key)),
    binaryTextArray(events.map((row) => row.event.payload)),
    textArray(events.map((row) => row.event.occurredAt)),
    sparseTextArray(events.map((row) => row.event.deliverAt)),
    sparseTextArray(events.map((row) => row.event.traceparent)),
    sparseArray(events.map((row) => row.graphId)),
    bigintArray(events.map((row) => row.offset)),
  ];
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
