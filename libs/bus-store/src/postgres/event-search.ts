import type { ExecutionState } from '@bus/contracts';
import type { EventSearch, FoundEvent } from '../event-timeline';
import type { Page, PageRequest } from '../page';
import type { Queryable } from './connection';
import { readCursor, toPage, UUID_SHAPE } from './page-cursor';

/** Characters that no JSON writer escapes: such a text can be looked for in the bytes before they are parsed. */
const NEVER_ESCAPED = /^[A-Za-z0-9._-]+$/;

export const FOUND_EVENT = `
  e.event_id as "eventId", e.source, e.message_id as "messageId", e.type, e.key, e.occurred_at as "occurredAt",
  e.deliver_at as "deliverAt", e.stored_at as "storedAt", e.graph_id is null as unrouted`;

/**
 * Walks the primary key of `event` backwards, in the day partitions of the range. With source and message id given it
 * is one look-up in `event_identity` instead.
 */
export async function searchEvents(
  client: Queryable,
  search: EventSearch,
  page: PageRequest,
): Promise<Page<FoundEvent>> {
  const { where, values } = conditionsOf(search, page.cursor);
  values.push(page.limit + 1);
  const { rows } = await client.query<FoundEvent>(
    `select ${FOUND_EVENT} from bus.event e where ${where.join(' and ')}
      order by e.event_id desc limit $${values.length}`,
    values,
  );
  const found = toPage(rows, page.limit, (event) => [event.eventId]);
  const states = await statesOf(
    client,
    found.rows.map((event) => event.eventId),
  );
  return {
    ...found,
    rows: found.rows.map((event) => ({ ...event, states: states.get(event.eventId) ?? {} })),
  };
}

function conditionsOf(search: EventSearch, cursor: string | null): { where: string[]; values: unknown[] } {
  const values: unknown[] = [];
  const where = ['true'];
  const add = (condition: (place: string) => string, value: unknown) => {
    values.push(value);
    where.push(condition(`$${values.length}`));
  };
  if (cursor !== null) add((at) => `e.event_id < ${at}::uuid`, readCursor(cursor, [UUID_SHAPE])[0]);
  if (search.range) {
    add((at) => `e.event_id >= bus.first_event_id(${at}::timestamptz)`, search.range.from);
    add((at) => `e.event_id < bus.first_event_id(${at}::timestamptz)`, search.range.to);
  }
  if (search.source !== undefined && search.messageId !== undefined) {
    values.push(search.source, search.messageId);
    const [source, messageId] = [`$${values.length - 1}`, `$${values.length}`];
    where.push(
      `e.event_id = (select event_id from bus.event_identity where identity = bus.identity_of(${source}, ${messageId}))`,
    );
  } else {
    if (search.source !== undefined) add((at) => `e.source = ${at}`, search.source);
    if (search.messageId !== undefined) add((at) => `e.message_id = ${at}`, search.messageId);
  }
  if (search.type !== undefined) add((at) => `e.type = ${at}`, search.type);
  if (search.key !== undefined) add((at) => `e.key = ${at}`, search.key);
  if (search.orderId !== undefined) {
    const quick = NEVER_ESCAPED.test(search.orderId);
    // case fixes the order: the cheap look at the bytes comes before the parse.
    add(
      (at) =>
        quick
          ? `case when strpos(e.payload, ${at}) > 0 then e.payload::json ->> 'orderId' = ${at} else false end`
          : `e.payload::json ->> 'orderId' = ${at}`,
      search.orderId,
    );
  }
  return { where, values };
}

async function statesOf(
  client: Queryable,
  eventIds: readonly string[],
): Promise<Map<string, FoundEvent['states']>> {
  const { rows } = await client.query<{ eventId: string; state: ExecutionState; count: number }>(
    `select x.event_id as "eventId", x.state, count(*)::int as count
       from unnest($1::uuid[]) as k(event_id)
      cross join lateral (select * from bus.execution v where v.event_id = k.event_id offset 0) x
      where x.state is not null group by 1, 2`,
    [eventIds],
  );
  const states = new Map<string, FoundEvent['states']>();
  for (const { eventId, state, count } of rows)
    states.set(eventId, { ...states.get(eventId), [state]: count });
  return states;
}
