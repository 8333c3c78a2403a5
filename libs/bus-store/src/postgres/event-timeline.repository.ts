import { ATTEMPT_OUTCOMES, DEAD_CAUSES, type EventReference } from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import {
  EventTimeline,
  type EventSearch,
  type EventTimelineView,
  type FoundEvent,
  type LaneNeighbour,
  type PlaceholderView,
  type TimelineAttempt,
  type TimelineExecution,
} from '../event-timeline';
import type { Page, PageRequest } from '../page';
import { StorePool, named, type Queryable } from './connection';
import { FOUND_EVENT, searchEvents } from './event-search';
import { linksOf } from './event-links';
import { readSnapshot } from './read-snapshot';

/** Primary keys of event, event_identity, operation_graph. $1 event id */
const EVENT = named(
  'timeline.event',
  `select ${FOUND_EVENT}, e.payload, e.traceparent, e.broker_partition as "brokerPartition",
          e.broker_offset::text as "brokerOffset", g.version as "graphVersion",
          (select cancelled_at from bus.event_identity i
            where i.identity = bus.identity_of(e.source, e.message_id)) as "cancelledAt",
          clock_timestamp() as "readAt"
     from bus.event e left join bus.operation_graph g on g.graph_id = e.graph_id
    where e.event_id = $1`,
);

/** Home rows by (event_id, operation_id), lanes and lane heads by their primary keys. $1 event id */
const EXECUTIONS = named(
  'timeline.executions',
  `select x.operation_id as "operationId", x.operation, x.state, x.attempt, x.due_at as "dueAt",
          coalesce(o.state, 'active') as "operationState", f.lease_until as "leaseUntil",
          coalesce((
            select json_agg(json_build_object('operation', p.name, 'dead', dl.event_id is not null) order by p.name)
              from bus.operation p
              left join bus.dead_letter dl on dl.event_id = x.event_id and dl.operation_id = p.operation_id
             where p.operation_id = any (coalesce(w.pending, d.pending))), '[]') as dependencies,
          w.key as "laneKey", n.head_event_id as "headEventId", n.blocked_by is not null as blocked,
          h.source as "headSource", h.message_id as "headMessageId",
          l.cause, l.code, l.reason, l.died_at as "diedAt"
     from bus.execution x
     left join bus.operation o on o.operation_id = x.operation_id
     left join bus.in_flight f on f.event_id = x.event_id and f.operation_id = x.operation_id
     left join bus.due d on d.event_id = x.event_id and d.operation_id = x.operation_id
     left join bus.waiting w on w.event_id = x.event_id and w.operation_id = x.operation_id
     left join bus.lane n on w.place is not null and n.operation_id = w.operation_id and n.key = w.key
     left join bus.event h on h.event_id = n.head_event_id
     left join bus.dead_letter l on l.event_id = x.event_id and l.operation_id = x.operation_id
    where x.event_id = $1 order by x.operation collate "C"`,
);

/** Primary key of attempt. $1 event id */
const ATTEMPTS = named(
  'timeline.attempts',
  `select operation_id as "operationId", attempt, outcome, code, reason, output, duration_ms as "durationMs",
          ended_at as "endedAt"
     from bus.attempt where event_id = $1 order by operation_id, attempt`,
);

/** Primary key of event_identity. $1 source · $2 message id */
const PLACEHOLDER = named(
  'timeline.placeholder',
  `select $1::text as source, $2::text as "messageId", cancelled_at as "cancelledAt", deliver_at as "deliverAt"
     from bus.event_identity where identity = bus.identity_of($1, $2) and event_id is null`,
);

type EventRow = EventTimelineView['event'] & { readAt: Date };
type AttemptRow = Omit<TimelineAttempt, 'outcome'> & { operationId: number; outcome: number };
type ExecutionRow = Omit<TimelineExecution, 'lane' | 'deadLetter' | 'attempts'> & {
  laneKey: string | null;
  headEventId: string | null;
  headSource: string | null;
  headMessageId: string | null;
  blocked: boolean;
  cause: number | null;
  code: string | null;
  reason: string | null;
  diedAt: Date | null;
};

@Injectable()
export class PostgresEventTimeline extends EventTimeline {
  constructor(private readonly pool: StorePool) {
    super();
  }

  search(search: EventSearch, page: PageRequest): Promise<Page<FoundEvent>> {
    return readSnapshot(this.pool, (client) => searchEvents(client, search, page));
  }

  timeline(eventId: string): Promise<EventTimelineView | null> {
    return readSnapshot(this.pool, async (client) => {
      const [row] = (await client.query<EventRow>(EVENT([eventId]))).rows;
      if (!row) return null;
      const { readAt, ...event } = row;
      const links = await linksOf(client, event);
      return { event, ...links, executions: await executionsOf(client, eventId), readAt };
    });
  }

  async placeholder(event: EventReference): Promise<PlaceholderView | null> {
    const { rows } = await this.pool.query<PlaceholderView>(PLACEHOLDER([event.source, event.messageId]));
    return rows[0] ?? null;
  }
}

async function executionsOf(client: Queryable, eventId: string): Promise<TimelineExecution[]> {
  const executions = (await client.query<ExecutionRow>(EXECUTIONS([eventId]))).rows;
  const attempts = (await client.query<AttemptRow>(ATTEMPTS([eventId]))).rows;
  return executions.map((row) => ({
    operationId: row.operationId,
    operation: row.operation,
    state: row.state,
    attempt: row.attempt,
    operationState: row.operationState,
    dueAt: row.dueAt,
    leaseUntil: row.leaseUntil,
    dependencies: row.dependencies,
    lane: laneOf(row, eventId),
    deadLetter: deadLetterOf(row),
    attempts: attempts.filter((attempt) => attempt.operationId === row.operationId).map(toAttempt),
  }));
}

function laneOf(row: ExecutionRow, eventId: string): TimelineExecution['lane'] {
  if (row.headEventId === null || row.headEventId === eventId) return null;
  const head: LaneNeighbour = {
    eventId: row.headEventId,
    source: row.headSource ?? '',
    messageId: row.headMessageId ?? '',
  };
  return { key: row.laneKey ?? '', head, blocked: row.blocked };
}

function deadLetterOf({ cause, code, reason, diedAt }: ExecutionRow): TimelineExecution['deadLetter'] {
  if (cause === null || diedAt === null) return null;
  return { cause: DEAD_CAUSES[cause] ?? 'outcome_unknown', code, reason, diedAt };
}

function toAttempt({ operationId: _, outcome, ...attempt }: AttemptRow): TimelineAttempt {
  return { ...attempt, outcome: ATTEMPT_OUTCOMES[outcome] ?? 'unknown' };
}
