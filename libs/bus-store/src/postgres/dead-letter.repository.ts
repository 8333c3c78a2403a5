import { DEAD_CAUSES } from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { DeadLetters, type DeadLetterSearch, type ListedDeadLetter } from '../dead-letters';
import type { Page, PageRequest } from '../page';
import { StorePool, named } from './connection';
import { readCursor, toPage, UUID_SHAPE, WHOLE_SHAPE } from './page-cursor';
import { readSnapshot } from './read-snapshot';

/** Primary key, backwards. $1 operation or null · $2 cause or null · $3–$4 key of the last row or null · $5 rows */
const LIST = named(
  'dead_letters.list',
  `select d.event_id as "eventId", d.operation_id as "operationId", o.name as operation, d.attempt, d.cause, d.code,
          d.reason, d.died_at as "diedAt", coalesce(e.source, '') as source, coalesce(e.message_id, '') as "messageId",
          coalesce(e.type, o.event_type) as type, e.key
     from bus.dead_letter d
     join bus.operation o on o.operation_id = d.operation_id
     left join bus.event e on e.event_id = d.event_id
    where ($1::text is null or o.name = $1) and ($2::smallint is null or d.cause = $2)
      and ($3::uuid is null or (d.event_id, d.operation_id) < ($3::uuid, $4::integer))
    order by d.event_id desc, d.operation_id desc limit $5`,
);

@Injectable()
export class PostgresDeadLetters extends DeadLetters {
  constructor(private readonly pool: StorePool) {
    super();
  }

  list(search: DeadLetterSearch, page: PageRequest): Promise<Page<ListedDeadLetter>> {
    return readSnapshot(this.pool, async (client) => {
      const [eventId, operationId] =
        page.cursor === null ? [null, null] : readCursor(page.cursor, [UUID_SHAPE, WHOLE_SHAPE]);
      const cause = search.cause === null ? null : DEAD_CAUSES.indexOf(search.cause);
      const { rows } = await client.query<
        Omit<ListedDeadLetter, 'cause'> & { operationId: number; cause: number }
      >(LIST([search.operation, cause, eventId, operationId, page.limit + 1]));
      const found = toPage(rows, page.limit, (row) => [row.eventId, row.operationId]);
      return {
        ...found,
        rows: found.rows.map(({ operationId: _, ...row }) => ({
          ...row,
          cause: DEAD_CAUSES[row.cause] ?? 'outcome_unknown',
        })),
      };
    });
  }
}
