import type { EventReference } from '@bus/contracts';
import type { LinkedEvent } from '../event-repairs';
import type { EventOriginal, EventTimelineView } from '../event-timeline';
import { named, type Queryable } from './connection';

/** Primary key. $1 source · $2 message id */
const ORIGINAL = named(
  'timeline.original',
  `select original_event_id as "eventId", original_log_id as "logId", original_partition as partition,
          original_offset::text as "offset", actor, reason, linked_at as "linkedAt"
     from bus.event_link where identity = bus.identity_of($1, $2)`,
);

/** event_link_original_event_id_idx. $1 event id */
const RESENT_AS = named(
  'timeline.resent_as',
  `select source, message_id as "messageId", actor, reason, linked_at as "linkedAt"
     from bus.event_link where original_event_id = $1 order by linked_at, message_id limit 100`,
);

type OriginalRow = Omit<EventOriginal, 'record'> & {
  logId: string | null;
  partition: number;
  offset: string;
};

/** What an event was sent again from, and as. */
export async function linksOf(
  client: Queryable,
  { source, messageId, eventId }: EventReference & { eventId: string },
): Promise<Pick<EventTimelineView, 'original' | 'resentAs'>> {
  const [row] = (await client.query<OriginalRow>(ORIGINAL([source, messageId]))).rows;
  const { rows: resentAs } = await client.query<LinkedEvent>(RESENT_AS([eventId]));
  if (!row) return { original: null, resentAs };
  const { logId, partition, offset, ...link } = row;
  return { original: { ...link, record: logId === null ? null : { logId, partition, offset } }, resentAs };
}
