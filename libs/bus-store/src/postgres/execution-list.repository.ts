import { ATTEMPT_OUTCOMES, DEAD_CAUSES, type ExecutionState } from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { ExecutionList, type ExecutionSearch, type ListedExecution } from '../execution-list';
import type { Page, PageRequest } from '../page';
import { StorePool, type Queryable } from './connection';
import { readCursor, toPage, UUID_SHAPE, WHOLE_SHAPE } from './page-cursor';
import { readSnapshot } from './read-snapshot';

const REJECTED = DEAD_CAUSES.indexOf('rejected');
const COMPLETED = ATTEMPT_OUTCOMES.indexOf('completed');
const SKIPPED = ATTEMPT_OUTCOMES.indexOf('skipped');

/** $1 operation id or null · $2–$3 key of the last row or null · $4–$5 range of event ids · $6 rows */
const MATCH = `($1::integer is null or c.operation_id = $1)
   and ($2::uuid is null or (c.event_id, c.operation_id) < ($2::uuid, $3::integer))`;
const IN_RANGE =
  'c.event_id >= bus.first_event_id($4::timestamptz) and c.event_id < bus.first_event_id($5::timestamptz)';
const ACTIVE = `exists (select from bus.operation o where o.operation_id = c.operation_id and o.state = 'active')`;

/** As the view says `held` of a waiting row: it saves a look into the view for each of a long backlog. */
const NEEDS_A_PERSON = `(exists (select from bus.dead_letter x
    where x.event_id = c.event_id and x.operation_id = any (c.pending))
  or c.place is not null and exists (select from bus.lane n
    where n.operation_id = c.operation_id and n.key = c.key and n.blocked_by is not null))`;

/** Where executions of a state can be; the view decides which of them are in it. */
function candidates(table: string, condition = 'true'): string {
  return `select c.event_id, c.operation_id from ${table} c where ${MATCH} and ${condition}`;
}

/** Walked event by event, newest first, each execution once: a page stops as soon as it is full. */
const COMPLETED_ONES = `select e.event_id, c.operation_id
   from (select c.event_id from bus.event c
          where ${IN_RANGE} and ($2::uuid is null or c.event_id <= $2::uuid) order by c.event_id desc) e
  cross join lateral (
    select distinct on (c.operation_id) c.operation_id from bus.attempt c
     where c.event_id = e.event_id and c.outcome = ${COMPLETED} and ${MATCH} order by c.operation_id desc) c`;

/** Rare: walked by attempt_group's key, in which only what completed stands together with others. */
const SKIPPED_ONES = `select distinct on (c.event_id, c.operation_id) c.event_id, c.operation_id
   from bus.attempt_group c where ${MATCH} and c.outcome = ${SKIPPED} and ${IN_RANGE}
  order by c.event_id desc, c.operation_id desc`;

const CANDIDATES: Record<ExecutionState, string> = {
  scheduled: candidates('bus.due', `c.attempt = 0 and ${ACTIVE}`),
  retrying: candidates('bus.due', `c.attempt > 0 and ${ACTIVE}`),
  held: `${candidates('bus.due', `not ${ACTIVE}`)} union all ${candidates('bus.waiting', NEEDS_A_PERSON)}`,
  waiting: candidates('bus.waiting'),
  in_flight: candidates('bus.in_flight'),
  rejected: candidates('bus.dead_letter', `c.cause = ${REJECTED}`),
  dead: candidates('bus.dead_letter', `c.cause <> ${REJECTED}`),
  completed: COMPLETED_ONES,
  skipped: SKIPPED_ONES,
  // A cancelled event has no rows but itself; its operations stand in its graph.
  cancelled: candidates(
    `(select e.event_id, (item->>'operationId')::integer as operation_id
        from bus.event e
        join bus.event_identity i on i.identity = bus.identity_of(e.source, e.message_id) and i.cancelled_at is not null
        join bus.operation_graph g on g.graph_id = e.graph_id
       cross join jsonb_array_elements(g.operations) item
       where e.event_id >= bus.first_event_id($4::timestamptz) and e.event_id < bus.first_event_id($5::timestamptz))`,
    'true',
  ),
};
const OPEN = ['bus.due', 'bus.waiting', 'bus.in_flight']
  .map((table) => candidates(table))
  .join(' union all ');

@Injectable()
export class PostgresExecutionList extends ExecutionList {
  constructor(private readonly pool: StorePool) {
    super();
  }

  list(search: ExecutionSearch, page: PageRequest): Promise<Page<ListedExecution>> {
    return readSnapshot(this.pool, async (client) => {
      const [eventId, lastOperation] =
        page.cursor === null ? [null, null] : readCursor(page.cursor, [UUID_SHAPE, WHOLE_SHAPE]);
      const operationId = await operationIdOf(client, search.operation);
      if (operationId === undefined) return { rows: [], nextCursor: null };
      // The candidates are walked newest first, and each is looked up in the view, until the page is full.
      const { rows } = await client.query<ListedExecution & { operationId: number }>(
        `select x.event_id as "eventId", x.operation_id as "operationId", x.operation, x.state, x.attempt,
                x.due_at as "dueAt", e.source, e.message_id as "messageId", e.type, e.key
           from (select * from (${search.state ? CANDIDATES[search.state] : OPEN}) every
                  order by event_id desc, operation_id desc) k
          cross join lateral (
            select * from bus.execution v
             where v.event_id = k.event_id and v.operation_id = k.operation_id offset 0) x
           join bus.event e on e.event_id = x.event_id
          where ($7::text is null or x.state = $7)
            and $4::timestamptz is not null and $5::timestamptz is not null
          order by k.event_id desc, k.operation_id desc limit $6`,
        [
          operationId,
          eventId,
          lastOperation,
          search.range.from,
          search.range.to,
          page.limit + 1,
          search.state,
        ],
      );
      const found = toPage(rows, page.limit, (row) => [row.eventId, row.operationId]);
      return { ...found, rows: found.rows.map(({ operationId: _, ...row }) => row) };
    });
  }
}

/** `null`: every operation; `undefined`: there is none of that name. */
async function operationIdOf(client: Queryable, name: string | null): Promise<number | null | undefined> {
  if (name === null) return null;
  const { rows } = await client.query<{ id: number }>(
    'select operation_id as id from bus.operation where name = $1',
    [name],
  );
  return rows[0]?.id;
}
